#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

/// The first line of the instruction that each entry is matched to; 0 for none.
fn lines(dockerfile: &str, target: Option<&str>, history: &[&str]) -> Vec<u32> {
    let file = Dockerfile::parse(dockerfile.as_bytes()).unwrap();
    let history: Vec<HistoryLine<'_>> =
        history.iter().map(|created_by| HistoryLine { created_by, empty_layer: false }).collect();
    let found = match_history(&file, target, &history);
    found.iter().map(|f| f.map_or(0, |r| r.lines.first)).collect()
}

const LEAKY: &str = r#"FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox","--install","-s","/bin"]
ENV API_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345
ARG BUILD_PW=hX7PKR0CsTy4Qwb8
COPY .env /app/.env
RUN echo "machine r login bot password $BUILD_PW" > /root/.netrc || (mkdir -p /root && echo "machine r login bot password $BUILD_PW" > /root/.netrc)
RUN rm -f /app/.env /root/.netrc
LABEL ci.token=label-literal
CMD ["/bin/sh"]
"#;

#[test]
fn the_classic_builder() {
    let history = [
        "/bin/sh -c #(nop) COPY file:7027c77992f5b5a06465828d75ae4ff9adcec5f94bc05d3f683eb205e0ec1ac0 in /bin/busybox ",
        "/bin/busybox --install -s /bin",
        "/bin/sh -c #(nop)  ENV API_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "/bin/sh -c #(nop)  ARG BUILD_PW=hX7PKR0CsTy4Qwb8",
        "/bin/sh -c #(nop) COPY file:b7a43b880e3b4d6c2c72eac4a73097e88021576b15eabb9f9f0bd25df7575523 in /app/.env ",
        r#"|1 BUILD_PW=hX7PKR0CsTy4Qwb8 /bin/sh -c echo "machine r login bot password $BUILD_PW" > /root/.netrc || (mkdir -p /root && echo "machine r login bot password $BUILD_PW" > /root/.netrc)"#,
        "|1 BUILD_PW=hX7PKR0CsTy4Qwb8 /bin/sh -c rm -f /app/.env /root/.netrc",
        "/bin/sh -c #(nop)  LABEL ci.token=label-literal",
        "/bin/sh -c #(nop)  CMD [\"/bin/sh\"]",
    ];
    assert_eq!(lines(LEAKY, None, &history), [2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn buildkit_with_a_build_argument_from_outside() {
    let history = [
        "COPY busybox /bin/busybox # buildkit",
        "RUN /bin/busybox --install -s /bin # buildkit",
        "ENV API_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "ARG BUILD_PW=cliArgSecretZZ9",
        "COPY .env /app/.env # buildkit",
        r#"RUN |1 BUILD_PW=cliArgSecretZZ9 /bin/sh -c echo "machine r login bot password $BUILD_PW" > /root/.netrc || (mkdir -p /root && echo "machine r login bot password $BUILD_PW" > /root/.netrc) # buildkit"#,
        "RUN |1 BUILD_PW=cliArgSecretZZ9 /bin/sh -c rm -f /app/.env /root/.netrc # buildkit",
        "LABEL ci.token=label-literal",
        "CMD [\"/bin/sh\"]",
    ];
    assert_eq!(lines(LEAKY, None, &history), [2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn buildkit_heredocs() {
    let file = "# syntax-less heredoc test
FROM scratch
COPY --chmod=600 <<EOF /root/.aws/credentials
[default]
EOF
COPY busybox /bin/busybox
RUN [\"/bin/busybox\",\"--install\",\"-s\",\"/bin\"]
RUN --mount=type=secret,id=tok,env=TOK echo \"//r/:_authToken=$TOK\" > /npmrc
RUN <<EOF
export GITHUB_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345
echo done > /done
EOF
";
    let history = [
        "COPY --chmod=600 <<EOF /root/.aws/credentials # buildkit",
        "COPY busybox /bin/busybox # buildkit",
        "RUN /bin/busybox --install -s /bin # buildkit",
        "RUN /bin/sh -c echo \"//r/:_authToken=$TOK\" > /npmrc # buildkit",
        "RUN /bin/sh -c export GITHUB_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345\necho done > /done\n # buildkit",
    ];
    assert_eq!(lines(file, None, &history), [3, 6, 7, 8, 9]);
}

#[test]
fn buildah_writes_instructions_as_they_stand() {
    let file = "FROM scratch\nARG TARGETARCH\nCOPY app /app\nENV A=$B C=d\nRUN --mount=type=cache,target=/c make   all\nUSER 1000\n";
    let history = [
        "/bin/sh -c #(nop) ARG TARGETARCH",
        "/bin/sh -c #(nop) COPY dir:d43ee2f6358b921f19b7417d149b82e356298947ce95930526b44d30887783dd in /app ",
        "/bin/sh -c #(nop) ENV A=$B C=d",
        "|1 TARGETARCH=amd64 /bin/sh -c --mount=type=cache,target=/c make   all",
        "/bin/sh -c #(nop) USER 1000",
    ];
    assert_eq!(lines(file, None, &history), [2, 3, 4, 5, 6]);
}

#[test]
fn settings_in_every_wording() {
    let file = "FROM base
SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]
WORKDIR srv/
EXPOSE 443 80/tcp
VOLUME /a /b
HEALTHCHECK --interval=5s CMD curl \"x\"
STOPSIGNAL SIGINT
MAINTAINER me  <me@x>
ONBUILD RUN y
ENTRYPOINT exec app \"$@\"
CMD []
RUN a \\
  # comment
  && b
";
    let buildkit = [
        "bazel build ...",
        "SHELL [/bin/bash -o pipefail -c]",
        "WORKDIR /opt/srv",
        "EXPOSE [443/tcp 80/tcp]",
        "VOLUME [/a /b]",
        "HEALTHCHECK {Test:[CMD-SHELL curl \"x\"] Interval:5s Timeout:0s StartPeriod:0s Retries:0}",
        "STOPSIGNAL SIGINT",
        "MAINTAINER me  <me@x>",
        "ENTRYPOINT [\"/bin/bash\" \"-o\" \"pipefail\" \"-c\" \"exec app \\\"$@\\\"\"]",
        "CMD []",
        "RUN /bin/bash -o pipefail -c a   && b # buildkit",
    ];
    assert_eq!(lines(file, None, &buildkit), [0, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12]);
    let classic = [
        "/bin/sh -c #(nop)  SHELL [/bin/bash -o pipefail -c]",
        "/bin/bash -o pipefail -c #(nop) WORKDIR /opt/srv",
        "/bin/bash -o pipefail -c #(nop)  EXPOSE 443 80",
        "/bin/bash -o pipefail -c #(nop)  VOLUME [/a /b]",
        "/bin/bash -o pipefail -c #(nop)  HEALTHCHECK &{[\"CMD-SHELL\" \"curl \\\"x\\\"\"] \"5s\" \"0s\" \"0s\" '\\x00'}",
        "/bin/bash -o pipefail -c #(nop)  STOPSIGNAL SIGINT",
        "/bin/bash -o pipefail -c #(nop)  MAINTAINER me  <me@x>",
        "/bin/bash -o pipefail -c #(nop)  ONBUILD RUN y",
        "/bin/bash -o pipefail -c #(nop)  ENTRYPOINT [\"/bin/bash\" \"-o\" \"pipefail\" \"-c\" \"exec app \\\"$@\\\"\"]",
        "/bin/bash -o pipefail -c #(nop)  CMD []",
        "/bin/bash -o pipefail -c a   && b",
    ];
    assert_eq!(lines(file, None, &classic), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
}

#[test]
fn base_images_and_parents() {
    let file = "ARG V=1\nFROM debian:$V AS build\nRUN make\nONBUILD COPY a /a\nFROM debian AS base\nENV P=/x:$PATH\nFROM build\nCMD [\"x\"]\n";
    let base = ["/bin/sh -c #(nop) ADD file:ab in / ", "/bin/sh -c #(nop)  CMD [\"x\"]"];
    let image = [base[0], base[1], "RUN /bin/sh -c make # buildkit", "COPY a /a # buildkit", "CMD [\"x\"]"];
    assert_eq!(lines(file, None, &image), [0, 0, 3, 4, 8]);
    assert_eq!(lines(file, Some("BASE"), &[base[0], base[1], "ENV P=/x:/usr/bin:/bin"]), [0, 0, 6]);
    assert_eq!(lines(file, Some("0"), &[base[0], base[1], "RUN /bin/sh -c make # buildkit"]), [0, 0, 3]);
    assert_eq!(lines(file, Some("none"), &image), [0; 5]);
}

#[test]
fn doubt_leaves_entries_alone() {
    let file = "FROM a\nRUN x\nRUN y\nCMD [\"z\"]\n";
    // The file has changed since: `y` was `w`.
    let changed = ["RUN /bin/sh -c x # buildkit", "RUN /bin/sh -c w # buildkit", "CMD [\"z\"]"];
    assert_eq!(lines(file, None, &changed), [2, 0, 4]);
    // An instruction was added between: what is before it cannot be placed.
    let added = ["RUN /bin/sh -c x # buildkit", "RUN /bin/sh -c y # buildkit", "USER 1", "CMD [\"z\"]"];
    assert_eq!(lines(file, None, &added), [0, 0, 0, 4]);
    // Something was put on top of the image.
    let on_top =
        ["base", "RUN /bin/sh -c x # buildkit", "RUN /bin/sh -c y # buildkit", "CMD [\"z\"]", "USER 0"];
    assert_eq!(lines(file, None, &on_top), [0, 2, 3, 4, 0]);
    // Another image altogether.
    assert_eq!(
        lines(file, None, &["/bin/sh -c #(nop) ADD file:ab in / ", "RUN /bin/sh -c q # buildkit"]),
        [0, 0]
    );
    assert_eq!(lines(file, None, &[]), Vec::<u32>::new());
    assert_eq!(lines(file, None, &["", " ", "#(nop)", "|"]), [0; 4]);
}

#[test]
fn values_from_variables_may_be_anything() {
    let file = "FROM a\nARG D=/srv\nARG E\nENV HOME=$D/h X=\"a b\"\nCOPY --chown=$E --from=q $D/x y $D/\nWORKDIR $D\nADD https://h/f?t=$E /f\n";
    let history = [
        "ARG D=/opt",
        "ARG E=1000",
        "ENV HOME=/opt/h X=a b",
        "COPY --chown=1000 /opt/x y /opt/ # buildkit",
        "WORKDIR /opt",
        "ADD https://h/f?t=1000 /f # buildkit",
    ];
    assert_eq!(lines(file, None, &history), [2, 3, 4, 5, 6, 7]);
    let other =
        ["ENV HOME=/opt/h Y=a b", "COPY /opt/x z /opt/ # buildkit", "WORKDIR /opt", "ADD https://g/f /f"];
    assert_eq!(lines(file, None, &other), [0, 0, 6, 0]);
}

/// What real builders wrote of one Dockerfile: `docker build` of 20.10 without BuildKit, BuildKit, and buildah.
#[test]
fn histories_of_real_builders_are_those_of_their_file() {
    let file = "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\",\"--install\",\"-s\",\"/bin\"]\n\
        ENV API_TOKEN=abc\nARG BUILD_PW=def\nCOPY .env /app/.env\n\
        RUN echo \"password $BUILD_PW\" > /root/.netrc\nRUN rm -f /app/.env /root/.netrc\nLABEL ci.token=label-literal\n\
        CMD [\"/bin/sh\"]\n";
    let classic = [
        "/bin/sh -c #(nop) COPY file:7027c77992f5b5a06465828d75ae4ff9adcec5f94bc05d3f683eb205e0ec1ac0 in /bin/busybox ",
        "/bin/busybox --install -s /bin",
        "/bin/sh -c #(nop)  ENV API_TOKEN=abc",
        "/bin/sh -c #(nop)  ARG BUILD_PW=def",
        "/bin/sh -c #(nop) COPY file:b7a43b880e3b4d6c2c72eac4a73097e88021576b15eabb9f9f0bd25df7575523 in /app/.env ",
        "|1 BUILD_PW=def /bin/sh -c echo \"password $BUILD_PW\" > /root/.netrc",
        "|1 BUILD_PW=def /bin/sh -c rm -f /app/.env /root/.netrc",
        "/bin/sh -c #(nop)  LABEL ci.token=label-literal",
        "/bin/sh -c #(nop)  CMD [\"/bin/sh\"]",
    ];
    let buildkit = [
        "COPY busybox /bin/busybox # buildkit",
        "RUN /bin/busybox --install -s /bin # buildkit",
        "ENV API_TOKEN=abc",
        "ARG BUILD_PW=other",
        "COPY .env /app/.env # buildkit",
        "RUN |1 BUILD_PW=other /bin/sh -c echo \"password $BUILD_PW\" > /root/.netrc # buildkit",
        "RUN |1 BUILD_PW=other /bin/sh -c rm -f /app/.env /root/.netrc # buildkit",
        "LABEL ci.token=label-literal",
        "CMD [\"/bin/sh\"]",
    ];
    let dockerfile = Dockerfile::parse(file.as_bytes()).unwrap();
    for lines in [&classic[..], &buildkit[..]] {
        let history: Vec<HistoryLine<'_>> =
            lines.iter().map(|created_by| HistoryLine { created_by, empty_layer: false }).collect();
        assert_eq!(history_difference(&dockerfile, None, &history), None, "{}", lines[0]);
    }
    let file = "FROM scratch\nARG TARGETARCH\nCOPY app /app\nENV API_TOKEN=abc\nUSER 1000\n";
    let buildah = [
        "/bin/sh -c #(nop) ARG TARGETARCH",
        "/bin/sh -c #(nop) COPY dir:d43ee2f6358b921f19b7417d149b82e356298947ce95930526b44d30887783dd in /app ",
        "/bin/sh -c #(nop) ENV API_TOKEN=abc",
        "/bin/sh -c #(nop) USER 1000",
    ];
    let dockerfile = Dockerfile::parse(file.as_bytes()).unwrap();
    let history: Vec<HistoryLine<'_>> =
        buildah.iter().map(|created_by| HistoryLine { created_by, empty_layer: false }).collect();
    assert_eq!(history_difference(&dockerfile, None, &history), None, "buildah");
}
