//! A small HTTP server that does what it is told, misbehaviour included.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lowercase.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// What the server does.
pub enum Reply {
    /// An ordinary answer.
    Answer(Answer),
    /// An answer whose connection ends after so many bytes of its body.
    Cut(Answer, usize),
    /// An answer whose body comes byte by byte, with pauses.
    Drip(Answer, Duration),
    /// A body without end.
    Endless,
    /// No answer.
    Hang,
    /// The connection is closed without an answer.
    Close,
}

/// An ordinary answer.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer { status, headers: Vec::new(), body: body.into() }
}

impl Answer {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

type Behaviour = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// A running server; it serves until the test's process ends.
pub struct Stub {
    /// `127.0.0.1:PORT`; empty on a Unix socket.
    pub address: String,
    log: Arc<Mutex<Vec<Request>>>,
}

impl Stub {
    pub fn start(behaviour: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        Self::serve(address, behaviour, move || {
            let stream = listener.accept().unwrap().0;
            (Box::new(stream.try_clone().unwrap()), Box::new(stream))
        })
    }

    pub fn start_on(socket: &Path, behaviour: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        Self::serve(String::new(), behaviour, move || {
            let stream = listener.accept().unwrap().0;
            (Box::new(stream.try_clone().unwrap()), Box::new(stream))
        })
    }

    fn serve(
        address: String,
        behaviour: impl Fn(&Request) -> Reply + Send + Sync + 'static,
        accept: impl Fn() -> (Box<dyn Read + Send>, Box<dyn Write + Send>) + Send + 'static,
    ) -> Self {
        let behaviour: Behaviour = Arc::new(behaviour);
        let log = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&log);
        std::thread::spawn(move || {
            loop {
                let (input, mut output) = accept();
                let (behaviour, log) = (Arc::clone(&behaviour), Arc::clone(&shared));
                std::thread::spawn(move || {
                    let Some(request) = read_request(input) else { return };
                    log.lock().unwrap().push(request.clone());
                    // A client that has heard enough closes the connection.
                    let _ = write_reply(&mut *output, behaviour(&request));
                });
            }
        });
        Self { address, log }
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().clone()
    }

    /// How many requests had a path that contains `part`.
    pub fn count(&self, part: &str) -> usize {
        self.requests().iter().filter(|r| r.path.contains(part)).count()
    }
}

fn read_request(input: Box<dyn Read + Send>) -> Option<Request> {
    let mut input = BufReader::new(input);
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: String::new() };
    let length = request.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    input.take(length).read_to_string(&mut request.body).ok()?;
    Some(request)
}

fn write_reply(output: &mut dyn Write, reply: Reply) -> std::io::Result<()> {
    let head = |output: &mut dyn Write, answer: &Answer| {
        write!(output, "HTTP/1.1 {} Stub\r\nConnection: close\r\n", answer.status)?;
        for (name, value) in &answer.headers {
            write!(output, "{name}: {value}\r\n")?;
        }
        write!(output, "Content-Length: {}\r\n\r\n", answer.body.len())
    };
    match reply {
        Reply::Answer(answer) => {
            head(output, &answer)?;
            output.write_all(&answer.body)
        }
        Reply::Cut(answer, after) => {
            head(output, &answer)?;
            output.write_all(&answer.body[..after])
        }
        Reply::Drip(answer, pause) => {
            head(output, &answer)?;
            for byte in answer.body {
                output.write_all(&[byte])?;
                output.flush()?;
                std::thread::sleep(pause);
            }
            Ok(())
        }
        Reply::Endless => {
            write!(output, "HTTP/1.1 200 Stub\r\nConnection: close\r\n\r\n")?;
            loop {
                output.write_all(&[b' '; 4096])?;
            }
        }
        Reply::Hang => {
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        Reply::Close => Ok(()),
    }
}
