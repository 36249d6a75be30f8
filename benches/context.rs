//! How fast Dockerfiles are read, contexts listed, and small projects answered. Prints a table; nothing is asserted.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use seaworthy_context::{Builder, Context, FileKind, IgnoreRules};
use seaworthy_dockerfile::Dockerfile;

/// A Dockerfile of a common size and make.
const DOCKERFILE: &str = r#"# syntax=docker/dockerfile:1
ARG NODE_VERSION=22.11.0
FROM node:${NODE_VERSION}-bookworm AS base
ENV PNPM_HOME=/pnpm \
    PATH=/pnpm:$PATH \
    NODE_ENV=production
RUN corepack enable && corepack prepare pnpm@9.12.3 --activate
WORKDIR /app

FROM base AS build
ARG GIT_SHA
ENV GIT_SHA=${GIT_SHA:-unknown}
# Native modules want a compiler.
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 make g++ ca-certificates \
    # nothing else
    && rm -rf /var/lib/apt/lists/*
COPY package.json pnpm-lock.yaml ./
RUN --mount=type=cache,id=pnpm,target=/pnpm/store \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    pnpm install --frozen-lockfile
COPY tsconfig.json ./
COPY src ./src
RUN pnpm build && pnpm prune --prod

FROM debian:bookworm-slim AS certificates
RUN <<EOF
set -eu
apt-get update
apt-get install -y --no-install-recommends ca-certificates tini
rm -rf /var/lib/apt/lists/*
EOF

FROM gcr.io/distroless/nodejs22-debian12:nonroot
LABEL org.opencontainers.image.title="shop" \
      org.opencontainers.image.source="https://github.com/harbour/shop"
COPY --from=certificates /usr/bin/tini /usr/bin/tini
COPY --from=build --chown=nonroot:nonroot /app/node_modules /app/node_modules
COPY --from=build --chown=nonroot:nonroot /app/dist /app/dist
WORKDIR /app
USER nonroot
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s CMD ["/nodejs/bin/node", "dist/health.js"]
ENTRYPOINT ["/usr/bin/tini", "--", "/nodejs/bin/node"]
CMD ["dist/server.js"]
"#;

/// Runs something `times` times and gives the times, shortest first.
fn timed(times: usize, mut work: impl FnMut()) -> Vec<Duration> {
    let mut all: Vec<Duration> = (0..times)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    all.sort();
    all
}

fn milliseconds(times: &[Duration]) -> (f64, f64, f64) {
    let of = |d: Duration| d.as_secs_f64() * 1e3;
    (of(times[0]), of(times[times.len() / 2]), of(times[times.len() - 1]))
}

fn main() {
    println!("| what | best | median | worst | unit |");
    println!("|---|---|---|---|---|");
    parsing();
    listing();
    small_project();
}

fn parsing() {
    const BATCH: usize = 2_000;
    let times = timed(9, || {
        for _ in 0..BATCH {
            black_box(Dockerfile::parse(black_box(DOCKERFILE.as_bytes())).unwrap());
        }
    });
    let rate = |d: Duration| BATCH as f64 / d.as_secs_f64();
    let (best, median, worst) = (rate(times[0]), rate(times[times.len() / 2]), rate(times[times.len() - 1]));
    println!(
        "| Dockerfiles of {} bytes parsed, one thread | {best:.0} | {median:.0} | {worst:.0} | a second |",
        DOCKERFILE.len()
    );
}

fn listing() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::write(root.join(".dockerignore"), "**/*.log\n*.tmp\nbuild/cache\n!keep.log\n").unwrap();
    for directory in 0..100 {
        let directory = root.join(format!("packages/p{directory:03}/src"));
        fs::create_dir_all(&directory).unwrap();
        for file in 0..1_000 {
            let end = if file % 50 == 0 { "ts" } else { "log" };
            fs::write(directory.join(format!("f{file:04}.{end}")), "x\n").unwrap();
        }
    }
    let rules = IgnoreRules::load(root, None, Builder::BuildKit).unwrap();
    let walk = |threads: usize| {
        let threads = NonZeroUsize::new(threads).unwrap();
        let context = Context::walk(root, &rules, threads).unwrap();
        context.files.iter().filter(|f| f.kind == FileKind::File).count()
    };
    assert_eq!(walk(1), 2_001);
    let row = |what: &str, times: &[Duration]| {
        let (best, median, worst) = milliseconds(times);
        println!("| {what} | {best:.1} | {median:.1} | {worst:.1} | ms |");
    };
    let all = || {
        walkdir::WalkDir::new(root)
            .into_iter()
            .map(Result::unwrap)
            .filter(|e| e.file_type().is_file())
            .count()
    };
    assert_eq!(all(), 100_001);
    row(
        "100,000 files listed by walkdir alone",
        &timed(7, || {
            black_box(all());
        }),
    );
    row(
        "the same as a context, 2,001 sent, 1 thread",
        &timed(7, || {
            black_box(walk(1));
        }),
    );
    row(
        "the same, 2 threads",
        &timed(7, || {
            black_box(walk(2));
        }),
    );
    fs::write(root.join("Dockerfile"), "FROM scratch\nCOPY packages /packages\n").unwrap();
    row("the whole command on it, scanning included", &timed(5, || command(root)));
}

fn command(directory: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(["context", "--report", "json"])
        .arg(directory)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

fn small_project() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::write(root.join("Dockerfile"), DOCKERFILE).unwrap();
    fs::write(root.join(".dockerignore"), "node_modules\n.git\n.env*\n").unwrap();
    for name in ["package.json", "pnpm-lock.yaml", "tsconfig.json"] {
        fs::write(root.join(name), "{\n  \"name\": \"shop\"\n}\n".repeat(40)).unwrap();
    }
    fs::create_dir(root.join("src")).unwrap();
    for file in 0..50 {
        let source = format!("export const f{file} = (a: number) => a + {file};\n").repeat(80);
        fs::write(root.join(format!("src/f{file}.ts")), source).unwrap();
    }
    let (best, median, worst) = milliseconds(&timed(31, || command(root)));
    println!(
        "| `seaworthy context` on a small project (54 files), process start to end | {best:.1} | {median:.1} | {worst:.1} | ms |"
    );
}
