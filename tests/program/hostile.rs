//! Inputs that are made to harm: that destroy an input, hang, or draw a value out of an error. The cases' right answers.

use std::process::Command;

use crate::support::{Cli, findings};

/// Rules, a Dockerfile, a plan and so on are not overwritten by a report of the run that read them.
#[test]
fn a_report_takes_the_place_of_no_input() {
    let cli = Cli::new();
    cli.write("app/Dockerfile", "FROM scratch\nCOPY . /app\n").write("app/main.py", "print(1)\n");
    cli.write("app/.dockerignore", "docs\n").write("seaworthy.toml", "version = 1\n");
    let rule = "[[detectors]]\nid = \"own-token\"\nname = \"Own token\"\nseverity = \"high\"\nconfidence = \"firm\"\n";
    cli.write("r/own.toml", rule);
    for input in
        ["app/Dockerfile", "app/main.py", "app/.dockerignore", "seaworthy.toml", "app/../app/main.py"]
    {
        let before = cli.read(input);
        for format in ["json", "sarif", "text", "github"] {
            cli.run(&[
                "context",
                "app",
                "--contract",
                "seaworthy.toml",
                "--report",
                &format!("{format}={input}"),
            ])
            .error(&[input, "another path"]);
            assert_eq!(cli.read(input), before, "{format} over {input}");
        }
    }
    // Nothing is written if one of them cannot be.
    cli.run(&["context", "app", "--report", "json=out.json", "--report", "sarif=app/main.py"])
        .error(&["app/main.py"]);
    assert!(!cli.path("out.json").exists());
    // An earlier report in the context is renewed, though COPY takes it.
    for _ in 0..2 {
        let answer =
            cli.run(&["context", "app", "--report", "json=app/report.json", "--report", "sarif=app/r.sarif"]);
        assert!(answer.code < 2, "{}", answer.stderr);
    }
    assert_eq!(cli.read_json("app/report.json")["verdict"], "pass");
}

#[test]
fn a_snapshot_takes_the_place_of_no_input() {
    let cli = Cli::new();
    let template = "Resources:\n  Q:\n    Type: AWS::SSM::Parameter\n    Properties: {Name: /a/b, Type: String, Value: x}\n";
    cli.write("t.yaml", template).write("seaworthy.toml", "version = 1\n");
    cli.run(&["wiring", "--template", "t.yaml", "--save-snapshot", "t.yaml"]).error(&["t.yaml"]);
    assert_eq!(cli.read("t.yaml"), template);
}

/// What waits for a writer or has no end is refused by every reader.
#[test]
fn only_regular_files_are_inputs() {
    let cli = Cli::new();
    cli.write("app/Dockerfile", "FROM scratch\n").write("seaworthy.toml", "version = 1\n");
    std::fs::create_dir_all(cli.path("r")).unwrap();
    for fifo in ["r/own.toml", "fifo"] {
        assert!(Command::new("mkfifo").arg(cli.path(fifo)).status().unwrap().success());
    }
    let not = "not a regular file";
    cli.run(&["context", "app", "--rules", "r"]).error(&["own.toml", not]);
    cli.run(&["context", "app", "-f", "fifo"]).error(&["fifo", not]);
    cli.run(&["context", "app", "--contract", "fifo"]).error(&["fifo"]);
    for option in ["--plan", "--template", "--snapshot"] {
        cli.run(&["wiring", option, "fifo"]).error(&["fifo", not]);
        cli.run(&["wiring", option, "/dev/zero"]).error(&["/dev/zero", not]);
    }
}

/// A line of a contract is shown without what may be a value, however harmless its key sounds.
#[test]
fn errors_in_contracts_quote_no_value() {
    let value = ["Zq9vB2xK", "w8mT"].concat();
    let cli = Cli::new();
    cli.write("app/Dockerfile", "FROM scratch\n");
    for line in [
        format!("pw = '{value}"),
        format!("pw = '{value}'"),
        format!("[image]\nflavour = \"{value}\""),
        format!("note: {value}"),
    ] {
        cli.write("seaworthy.toml", format!("version = 1\n{line}\n"));
        let answer = cli.run(&["context", "app", "--contract", "seaworthy.toml"]);
        assert_eq!(answer.code, 2, "{line}");
        assert!(!answer.stderr.contains(&value) && !answer.stdout.contains(&value), "{}", answer.stderr);
    }
}

#[test]
fn a_character_of_two_bytes_stops_no_reader() {
    let cli = Cli::new();
    for text in
        ["RUN echo \"Größe=5\"", "ENV ÄPFEL=ü", "RUN curl -H \"Ключ: значение\" https://x", "LABEL ö=\"ß=ß\""]
    {
        cli.write("app/Dockerfile", format!("FROM scratch\n{text}\n"));
        let answer = cli.run(&["context", "app", "--report", "json"]);
        assert!(answer.code < 2, "{text}: {}", answer.stderr);
        assert!(findings(&answer.json()).len() < 3);
    }
}
