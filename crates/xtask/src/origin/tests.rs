use super::*;

const TEXT: &str = "abcdefghij";

/// A folder with one file, served on a free port; removed at the end.
struct TestOrigin {
    origin: Origin,
    folder: PathBuf,
}

impl TestOrigin {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("swarmline-xtask-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.bin"), TEXT).unwrap();
        let origin = Origin::start(&folder, "127.0.0.1:0".parse().unwrap()).unwrap();
        Self { origin, folder }
    }

    /// What comes back for these bytes, up to the end of the connection.
    fn talk(&self, said: &str) -> String {
        let mut socket = TcpStream::connect(self.origin.address).unwrap();
        socket.write_all(said.as_bytes()).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let mut heard = String::new();
        socket.read_to_string(&mut heard).unwrap();
        heard
    }
}

impl Drop for TestOrigin {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn one_connection_carries_several_requests() {
    let served = TestOrigin::new("several");
    let heard = served.talk("GET /a.bin HTTP/1.1\r\n\r\nGET /a.bin HTTP/1.1\r\nRange: bytes=2-4\r\n\r\n");
    let (first, second) = heard.split_once(TEXT).unwrap();
    assert!(first.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \""), "{first}");
    assert!(second.starts_with("HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n"), "{second}");
    assert!(
        second.contains("\r\nContent-Range: bytes 2-4/10\r\n") && second.ends_with("\r\n\r\ncde"),
        "{second}"
    );
    let body_bytes = [("a.bin".to_owned(), 13)].into();
    assert_eq!(served.origin.state.served(), Served { requests: 2, body_bytes });
}

#[test]
fn a_head_request_has_the_length_and_no_body() {
    let heard = TestOrigin::new("head").talk("HEAD /a.bin HTTP/1.1\r\n\r\n");
    assert!(heard.contains("\r\nContent-Length: 10\r\n") && heard.ends_with("\r\n\r\n"), "{heard}");
}

#[test]
fn a_range_behind_the_end_says_how_long_the_file_is() {
    let heard = TestOrigin::new("behind").talk("GET /a.bin HTTP/1.1\r\nRange: bytes=10-\r\n\r\n");
    assert!(
        heard.starts_with("HTTP/1.1 416 ") && heard.contains("\r\nContent-Range: bytes */10\r\n"),
        "{heard}"
    );
}

#[test]
fn nothing_beyond_the_folder_is_served() {
    let served = TestOrigin::new("beyond");
    for path in ["/", "/gone", "/../a.bin", "/.hidden", "//etc/passwd", "a.bin"] {
        let heard = served.talk(&format!("GET {path} HTTP/1.1\r\n\r\n"));
        assert!(heard.starts_with("HTTP/1.1 404 "), "{path}: {heard}");
    }
}

#[test]
fn a_refused_request_closes_its_connection() {
    let heard = TestOrigin::new("refused").talk("PUT /a.bin HTTP/1.1\r\n\r\nGET /a.bin HTTP/1.1\r\n\r\n");
    assert_eq!(heard, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}
