//! Job sessions: a connection on which a program makes calls of the job API and is called back.
//!
//! A session begins with [`Request::Jobs`](crate::message::Request::Jobs) and lasts until one side closes. Both sides
//! speak whenever they like, one JSON object a line. Who calls is what the kernel says, never what the client says.
//! What calls mean is not known here.
//!
//! Everything is bounded: lines, calls that wait for their answer, messages that wait for a client, sessions. A client
//! that says what it may not is told why and closed.

mod message;

mod session;

mod client;

pub use client::{JobConnectError, JobReader, JobSendError, JobWriter, connect_jobs};
pub use message::{FromClient, FromOwner, SINK_BYTES_MAX};
pub use session::{CALLS_MAX, JOB_SESSIONS_MAX, JobReceiver, JobSender, JobSession, JobSessions, OUTBOX_MAX};

pub(crate) use session::{Door, SESSIONS_FULL, door, run};
