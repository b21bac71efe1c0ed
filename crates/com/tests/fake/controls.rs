//! What a test can make happen. Jobs and downloads go by their ids, and a download has one file, number 0.
//!
//! Each function then delivers all callbacks that are due, and answers what the last of them answered; `S_FALSE` when
//! none was.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use swarmline_jobs::machine::{Fault, Sink, TransferEvent};
use swarmline_jobs::{ClientObject, FileId, Guid, HResult, Traffic};

use crate::Fake;
use crate::driver::Driver;

/// A GUID as C has it.
#[derive(Clone, Copy)]
#[repr(C)]
struct CGuid {
    first: u32,
    second: u16,
    third: u16,
    rest: [u8; 8],
}

impl CGuid {
    fn guid(self) -> Guid {
        Guid::from_fields(self.first, self.second, self.third, &self.rest)
    }
}

pub(crate) fn fake() -> &'static Arc<Fake> {
    static FAKE: OnceLock<Arc<Fake>> = OnceLock::new();
    FAKE.get_or_init(Arc::default)
}

fn happens(event: impl FnOnce(&mut Driver)) -> i32 {
    fake().happen(event);
    fake().deliver().to_i32()
}

/// Lets the fake answer. To be called before the first manager is made.
#[unsafe(no_mangle)]
extern "C" fn swarmline_fake_install() -> i32 {
    swarmline_do::service::provide(fake().clone()).into()
}

/// How many objects of the client the service holds.
#[unsafe(no_mangle)]
extern "C" fn swarmline_fake_objects() -> u32 {
    u32::try_from(fake().driver().objects()).expect("few")
}

/// Lets so many seconds pass.
#[unsafe(no_mangle)]
extern "C" fn swarmline_fake_later(seconds: u32) -> i32 {
    happens(|driver| driver.later(Duration::from_secs(seconds.into())))
}

/// A file of 100 bytes is being fetched, and half of it is here.
#[unsafe(no_mangle)]
extern "C" fn swarmline_fake_half(job: CGuid, file: u32) -> i32 {
    happens(|driver| {
        let traffic = Traffic { from_lan_peers: 30, from_http: 20, lan_connections: 2, ..Traffic::default() };
        for event in [
            TransferEvent::Started,
            TransferEvent::Size(100),
            TransferEvent::Headers("HTTP/1.1 200 OK\r\n".into()),
            TransferEvent::Progress { transferred: 50, traffic },
        ] {
            assert!(driver.transfer(job.guid(), FileId(file), event), "the file is being fetched");
        }
    })
}

/// All of a file is here.
#[unsafe(no_mangle)]
extern "C" fn swarmline_fake_arrived(job: CGuid, file: u32) -> i32 {
    happens(|driver| {
        assert!(
            driver.transfer(job.guid(), FileId(file), TransferEvent::Arrived),
            "the file is being fetched"
        );
    })
}

/// The origin answered a file's request with this status.
#[unsafe(no_mangle)]
extern "C" fn swarmline_fake_failed(job: CGuid, file: u32, status: u16) -> i32 {
    happens(|driver| {
        let event = TransferEvent::Failed(Fault::Http { status });
        assert!(driver.transfer(job.guid(), FileId(file), event), "the file is being fetched");
    })
}

/// Lets `count` bytes of this value arrive at the stream of a file; what the stream answers.
#[unsafe(no_mangle)]
extern "C" fn swarmline_fake_bytes(job: CGuid, file: u32, value: u8, count: u32) -> i32 {
    let attempt = fake().driver().attempt(job.guid(), FileId(file)).expect("the file is being fetched");
    let Sink::Stream { token, .. } = attempt.sink else { return HResult::S_FALSE.to_i32() };
    let object = fake().driver().object(token);
    let Some(ClientObject::Stream(stream)) = object else { return HResult::RPC_E_DISCONNECTED.to_i32() };
    let bytes = vec![value; count as usize];
    let written = std::thread::spawn(move || stream.write(&bytes)).join().expect("no panic");
    written.err().unwrap_or(HResult::S_OK).to_i32()
}
