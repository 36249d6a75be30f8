//! A test account: moto, in a Python environment that tests/setup.sh makes. And a process without this machine's AWS
//! settings, since a test must not depend on who runs it.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs `body` in a process of its own that knows these variables and nothing else of AWS. `test` is the full name of
/// the test that calls this.
pub fn alone(test: &str, variables: &[(&str, &str)], body: impl FnOnce()) {
    const MARK: &str = "SEAWORTHY_TEST_ALONE";
    if std::env::var(MARK).is_ok_and(|name| name == test) {
        return body();
    }
    let home = tempfile::tempdir().unwrap();
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", test, "--nocapture"]).env_clear();
    process.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home.path());
    // Where there is no instance, nobody answers at its metadata service.
    process.env(MARK, test).env("AWS_EC2_METADATA_DISABLED", "true").envs(variables.iter().copied());
    let output = process.output().unwrap();
    let told =
        format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
    assert!(told.contains("1 passed"), "no test has the name {test}:\n{told}");
}

/// moto's process.
pub struct Moto {
    process: Child,
    pub endpoint: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Moto {
    /// A program of the Python environment; its absence is a failure, not a reason to skip.
    fn program(name: &str) -> Command {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.venv/bin").join(name);
        assert!(
            path.is_file(),
            "{} is missing: tests/setup.sh installs it, and so does `make test`",
            path.display()
        );
        Command::new(path)
    }

    /// Starts an empty account.
    pub fn start() -> Self {
        Self::serve("http", &[])
    }

    /// The same behind TLS, with a certificate of an authority that it leaves in the directory as ca.pem.
    pub fn start_tls(directory: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws/certificate.py");
        assert!(Self::program("python").arg(script).arg(directory).status().unwrap().success());
        let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
        Self::serve("https", &["-c", certificate.to_str().unwrap(), "-k", key.to_str().unwrap()])
    }

    fn serve(scheme: &str, options: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self::program("moto_server");
        server.args(["-H", "127.0.0.1", "-p", &port.to_string()]).args(options);
        server.env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
        let process =
            server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let moto = Self { process, endpoint: format!("{scheme}://127.0.0.1:{port}") };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(60), "moto does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        moto
    }

    /// Fills it by tests/aws/seed.py, which tells ARNs.
    pub fn seed(&self) -> serde_json::Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws/seed.py");
        let output = Self::program("python").arg(script).arg(&self.endpoint).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}
