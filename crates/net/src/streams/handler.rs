//! One connection: who dialled opens the two streams, one after the other; the other side takes exactly one of each.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::swarm::handler::{
    ConnectionEvent, ConnectionHandler, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol};
use libp2p::{Stream, StreamProtocol};
use swarmline_proto::wire::{CONTROL_PROTOCOL, DATA_PROTOCOL};
use tokio::time::Sleep;

use super::{HANDSHAKE_MAX, Streams};

/// What a connection has to say, at most three times.
#[derive(Debug)]
pub(crate) enum Report {
    /// Both streams are open.
    Opened(Box<Streams>),
    /// The peer said that it does not speak our protocol.
    Foreign,
    /// The connection is of no use, for a reason that says nothing about what the peer speaks.
    Failed(String),
    /// The peer opened a stream that it has already.
    ExtraStream,
}

/// See the head of the module.
pub(crate) struct Handler {
    /// Whether we dialled.
    dialer: bool,
    control: Option<Stream>,
    data: Option<Stream>,
    /// The pair was handed over, or will never be.
    done: bool,
    requested: Option<Kind>,
    deadline: Pin<Box<Sleep>>,
    reports: VecDeque<Report>,
    waker: Option<Waker>,
}

impl Handler {
    pub(super) fn new(dialer: bool) -> Self {
        Self {
            dialer,
            control: None,
            data: None,
            done: false,
            requested: None,
            deadline: Box::pin(tokio::time::sleep(HANDSHAKE_MAX)),
            reports: VecDeque::new(),
            waker: None,
        }
    }

    fn report(&mut self, report: Report) {
        self.done = true;
        // A peer that opens stream after stream is reported once; the connection is being closed then.
        if self.reports.len() < REPORTS_MAX {
            self.reports.push_back(report);
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn take_in(&mut self, stream: Stream, kind: Kind) {
        let place = match kind {
            Kind::Control => &mut self.control,
            Kind::Data => &mut self.data,
        };
        if self.done || place.is_some() {
            return self.report(Report::ExtraStream);
        }
        *place = Some(stream);
        self.hand_over();
    }

    fn hand_over(&mut self) {
        match (self.control.take(), self.data.take()) {
            (Some(control), Some(data)) => self.report(Report::Opened(Streams { control, data }.into())),
            (control, data) => (self.control, self.data) = (control, data),
        }
    }

    /// The next stream that we, as the dialer, have to open.
    fn wanted(&self) -> Option<Kind> {
        match (self.dialer && !self.done, &self.control, &self.data) {
            (false, ..) => None,
            (true, None, _) => Some(Kind::Control),
            (true, Some(_), None) => Some(Kind::Data),
            (true, Some(_), Some(_)) => None,
        }
    }

    fn on_refused(&mut self, error: &StreamUpgradeError<Infallible>) {
        if self.done {
            return;
        }
        self.report(match error {
            StreamUpgradeError::NegotiationFailed => Report::Foreign,
            other => Report::Failed(other.to_string()),
        });
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Infallible;
    type ToBehaviour = Report;
    type InboundProtocol = Either;
    type OutboundProtocol = Kind;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(Either, ())
    }

    fn connection_keep_alive(&self) -> bool {
        !self.done
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, (), Self::ToBehaviour>> {
        if let Some(report) = self.reports.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(report));
        }
        if let Some(kind) = self.wanted()
            && self.requested != Some(kind)
        {
            self.requested = Some(kind);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                protocol: SubstreamProtocol::new(kind, ()).with_timeout(HANDSHAKE_MAX),
            });
        }
        if !self.done && self.deadline.as_mut().poll(cx).is_ready() {
            // Perhaps some other program, perhaps a node on a host that is overloaded: no reason not to dial it.
            self.done = true;
            let report = Report::Failed("the streams came too late".into());
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(report));
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        match event {}
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (stream, kind),
                ..
            }) => {
                if self.dialer {
                    self.report(Report::ExtraStream);
                } else {
                    self.take_in(stream, kind);
                }
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: (stream, kind),
                ..
            }) => self.take_in(stream, kind),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { error, .. }) => self.on_refused(&error),
            _ => {}
        }
    }
}

/// Which of the two streams; also the offer to open it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Control,
    Data,
}

impl Kind {
    const fn protocol(self) -> StreamProtocol {
        StreamProtocol::new(match self {
            Self::Control => CONTROL_PROTOCOL,
            Self::Data => DATA_PROTOCOL,
        })
    }
}

impl UpgradeInfo for Kind {
    type Info = StreamProtocol;
    type InfoIter = std::iter::Once<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once(self.protocol())
    }
}

impl OutboundUpgrade<Stream> for Kind {
    type Output = (Stream, Kind);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, _: Self::Info) -> Self::Future {
        ready(Ok((stream, self)))
    }
}

/// The offer to take either stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Either;

impl UpgradeInfo for Either {
    type Info = StreamProtocol;
    type InfoIter = std::array::IntoIter<StreamProtocol, 2>;

    fn protocol_info(&self) -> Self::InfoIter {
        [Kind::Control, Kind::Data].map(Kind::protocol).into_iter()
    }
}

impl InboundUpgrade<Stream> for Either {
    type Output = (Stream, Kind);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, protocol: Self::Info) -> Self::Future {
        let kind = if protocol == Kind::Control.protocol() { Kind::Control } else { Kind::Data };
        ready(Ok((stream, kind)))
    }
}

/// The pair, and one complaint.
const REPORTS_MAX: usize = 2;
