//! What a client asks of the process that owns a state directory, and what it is told.
//!
//! The engine speaks the same words, so a command behaves alike whether it runs an engine itself or attaches to one.

mod cause;

mod failure;
mod status;

mod options;

mod event;
mod request;

pub use cause::{Cause, FaultAt, IntegrityFault, OriginFault};
pub use event::{Event, Phase, Progress, Trust};
pub use failure::{ErrorKind, TransferError};
pub use options::{GetOptions, HEADERS_BYTES_MAX, HEADERS_MAX, Headers, RANGES_MAX, Span, Waivers};
pub use request::{AddRequest, GetRequest, ManifestSource, Request};
pub use status::{ContentStatus, NodeStatus};

#[cfg(test)]
mod tests {
    use swarmline_types::{ContentId, Priority};

    use super::*;

    fn request(change: impl FnOnce(&mut GetRequest)) -> Request {
        let mut get = GetRequest {
            url: Some("http://origin/file".parse().unwrap()),
            destination: "/tmp/file".into(),
            manifest: ManifestSource::Origin,
            sha256: Some("ab".repeat(32)),
            force: false,
            priority: Priority::Foreground,
            options: GetOptions::default(),
        };
        change(&mut get);
        Request::Get(get)
    }

    #[test]
    fn what_a_type_cannot_say_is_checked_and_named() {
        let refused = |request: Request| request.check().unwrap_err().message;
        assert_eq!(request(|_| ()).check(), Ok(()));
        assert_eq!(Request::Status.check(), Ok(()));
        assert_eq!(
            refused(request(|get| get.url = Some("ftp://origin/file".parse().unwrap()))),
            "url: only http and https can be fetched, not ftp"
        );
        assert_eq!(refused(request(|get| get.url = None)), "url: without one the content has to be named");
        let named = ManifestSource::Pinned { content: ContentId::new([7; 32]) };
        assert_eq!(request(|get| (get.url, get.manifest) = (None, named)).check(), Ok(()));
        assert_eq!(
            refused(request(|get| get.destination = "file".into())),
            "destination: file is not an absolute path"
        );
        let phf = ManifestSource::File { path: "file.phf".into(), pinned: None };
        assert!(refused(request(|get| get.manifest = phf)).starts_with("manifest.path: "));
        assert!(refused(request(|get| get.sha256 = Some("xy".repeat(32)))).starts_with("sha256: "));
        assert!(refused(request(|get| get.sha256 = Some("ab".repeat(31)))).starts_with("sha256: "));
        let add = AddRequest { path: "/file".into(), phf: Some("file.phf".into()) };
        assert!(refused(Request::Add(add)).starts_with("phf: "));
    }

    #[test]
    fn a_request_and_an_event_survive_their_line() {
        let line = serde_json::to_string(&request(|_| ())).unwrap();
        assert!(
            line.starts_with(r#"{"request":"get","url":"http://origin/file","destination":"/tmp/file","#),
            "{line}"
        );
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Request>(&line).unwrap()).unwrap(), line);
        assert!(
            serde_json::from_str::<Request>(r#"{"request":"add","path":"/a","phf":null,"more":1}"#).is_err()
        );

        // What an older client says, and what an older owner of the directory does.
        let (older, options) = line.split_once(r#","options""#).unwrap();
        let read: Request = serde_json::from_str(&format!("{older}}}")).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), line, "{options}");
        let failed: TransferError = serde_json::from_str(r#"{"kind":"disk","message":"full"}"#).unwrap();
        assert_eq!(failed, TransferError::new(ErrorKind::Disk, "full"));

        let trust = Trust::None { reason: "no manifest".into() };
        let progress = Progress { trust, bytes_total: Some(5), ..Progress::default() };
        let line = serde_json::to_string(&Event::Completed(progress.clone())).unwrap();
        let Event::Completed(read) = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
        assert_eq!(read, progress);
    }
}
