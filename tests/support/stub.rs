//! An HTTP server on loopback that does what it is told, misbehaviour included.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// What the server does with a request.
pub enum Reply {
    /// Status, media type, body.
    Answer(u16, String, Vec<u8>),
    /// The same with one more header.
    With(u16, (&'static str, String), Vec<u8>),
    /// No answer.
    Hang,
    /// An announced body of which nothing comes.
    Silent,
}

/// A server; it serves until the test's process ends.
pub struct Http {
    pub address: String,
}

impl Http {
    /// Serves each request by its path.
    pub fn start(behaviour: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let behaviour = Arc::new(behaviour);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let behaviour = Arc::clone(&behaviour);
                // A client that has heard enough closes the connection.
                std::thread::spawn(move || serve(&stream, &*behaviour));
            }
        });
        Self { address }
    }
}

fn serve(stream: &TcpStream, behaviour: &dyn Fn(&str) -> Reply) -> Option<()> {
    let mut input = BufReader::new(stream);
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    let path = line.split_whitespace().nth(1)?.to_owned();
    loop {
        let mut header = String::new();
        input.read_line(&mut header).ok()?;
        if header.trim_end().is_empty() {
            break;
        }
    }
    let mut output = stream;
    let (status, headers, body) = match behaviour(&path) {
        Reply::Answer(status, media_type, body) => (status, format!("Content-Type: {media_type}\r\n"), body),
        Reply::With(status, (name, value), body) => (status, format!("{name}: {value}\r\n"), body),
        Reply::Hang => {
            std::thread::sleep(Duration::from_secs(60));
            return None;
        }
        Reply::Silent => {
            write!(output, "HTTP/1.1 200 Stub\r\nContent-Length: 1000\r\n\r\n").ok()?;
            std::thread::sleep(Duration::from_secs(60));
            return None;
        }
    };
    let length = body.len();
    write!(
        output,
        "HTTP/1.1 {status} Stub\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    )
    .ok()?;
    output.write_all(&body).ok()
}
