//! From bytes to messages: everything that needs no knowledge of the content.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use swarmline_types::message::{Hello, Hint, ManifestPart, MemberInfo, Message, Search};
use swarmline_types::{CapacityClass, ContentId, NodeId, PieceHash, UrlHash};

use super::schema::{self, Kind};
use super::{
    ADDRS_MAX, AGENT_MAX, CONTENTS_MAX, DIGESTS_MAX, FRAME_MAX, HINTS_MAX, MEMBERS_BYTES_MAX, MEMBERS_MAX,
    PREFIX_SIZE, RawBody, WireError,
};

/// Bytes of the message that follows its length. Nothing need be allocated for a length that is refused.
///
/// # Errors
/// When it is over [`FRAME_MAX`].
pub fn body_len(prefix: [u8; PREFIX_SIZE]) -> Result<usize, WireError> {
    frame_size(u32::from_be_bytes(prefix) as usize)
}

fn frame_size(got: usize) -> Result<usize, WireError> {
    if got > FRAME_MAX { Err(WireError::Frame { got }) } else { Ok(got) }
}

/// Reads one control message, without its length. `None` is a message of a kind that this version does not know:
/// the receiver ignores it and reads on.
///
/// # Errors
/// When it is not one of the protocol, or breaks a bound of it. The content's own bounds are checked by
/// [`RawBody::check`].
pub fn decode(body: &[u8]) -> Result<Option<Message<RawBody>>, WireError> {
    frame_size(body.len())?;
    let Some(kind) = unpack::<schema::Control>("control", body, FRAME_MAX)?.kind else { return Ok(None) };
    let message = match kind {
        Kind::Hello(raw) => Message::Hello(hello(raw)?),
        Kind::Join(id) => Message::Join(content_id(&id)?),
        Kind::Leave(id) => Message::Leave(content_id(&id)?),
        Kind::Members(raw) => members(unpack("members", &raw, MEMBERS_BYTES_MAX)?)?,
        Kind::ManifestAsk(raw) => {
            Message::ManifestAsk { content: content_id(&raw.content)?, first: raw.first }
        }
        Kind::ManifestAnswer(raw) => Message::ManifestPart {
            content: content_id(&raw.content)?,
            part: raw.part.map(manifest_part).transpose()?,
        },
        Kind::HintAsk(url) => Message::HintAsk(url_hash(&url)?),
        Kind::HintAnswer(raw) => Message::HintAnswer { url: url_hash(&raw.url)?, hint: hint(&raw)? },
        Kind::About(raw) => {
            let content = content_id(&raw.content)?;
            let Some(body) = raw.body.map(RawBody::unpack).transpose()?.flatten() else { return Ok(None) };
            Message::About { content, body }
        }
    };
    Ok(Some(message))
}

/// Unpacks one protobuf message whose lists cannot blow up, since its bytes are bounded first.
pub(super) fn unpack<M: prost::Message + Default>(
    message: &'static str,
    bytes: &[u8],
    max: usize,
) -> Result<M, WireError> {
    let got = bytes.len();
    if got > max {
        return Err(WireError::MessageSize { message, got, max });
    }
    M::decode(bytes).map_err(|source| WireError::Protobuf { message, source })
}

fn hello(raw: schema::Hello) -> Result<Hello, WireError> {
    let got = raw.agent.len();
    if got > AGENT_MAX {
        return Err(WireError::AgentSize { got });
    }
    if let Some(got) = raw.agent.chars().find(|c| !matches!(c, ' '..='~')) {
        return Err(WireError::AgentText { got });
    }
    let listen_port =
        u16::try_from(raw.listen_port).map_err(|_| WireError::ListenPort { got: raw.listen_port })?;
    let (ids, rest) = raw.contents.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(WireError::ContentsSize { got: raw.contents.len() });
    }
    if ids.len() > CONTENTS_MAX {
        return Err(WireError::Contents { got: ids.len() });
    }
    let contents = ids.iter().map(|id| ContentId::new(*id)).collect();
    Ok(Hello { agent: raw.agent, class: class(raw.class)?, listen_port, contents })
}

fn members(raw: schema::Members) -> Result<Message<RawBody>, WireError> {
    let got = raw.members.len();
    if got > MEMBERS_MAX {
        return Err(WireError::Members { got });
    }
    let members = raw.members.iter().map(member).collect::<Result<_, _>>()?;
    Ok(Message::Members { content: content_id(&raw.content)?, members })
}

fn member(raw: &schema::Member) -> Result<MemberInfo, WireError> {
    let node = node_id(&raw.node)?;
    let got = raw.addrs.len();
    if got > ADDRS_MAX {
        return Err(WireError::Addrs { got });
    }
    let addrs = raw.addrs.iter().map(|bytes| addr(bytes)).collect::<Result<_, _>>()?;
    Ok(MemberInfo { node, class: class(raw.class)?, addrs })
}

fn addr(bytes: &[u8]) -> Result<SocketAddr, WireError> {
    let wrong = WireError::Addr { got: bytes.len() };
    let Some((ip, port)) = bytes.split_last_chunk() else { return Err(wrong) };
    let port = u16::from_be_bytes(*port);
    if let Ok(v4) = <[u8; 4]>::try_from(ip) {
        return Ok((Ipv4Addr::from(v4), port).into());
    }
    let v6 = <[u8; 16]>::try_from(ip).map_err(|_| wrong)?;
    Ok((Ipv6Addr::from(v6), port).into())
}

fn manifest_part(raw: schema::ManifestPart) -> Result<ManifestPart, WireError> {
    let (digests, rest) = raw.digests.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(WireError::DigestsSize { got: raw.digests.len() });
    }
    if digests.len() > DIGESTS_MAX {
        return Err(WireError::Digests { got: digests.len() });
    }
    Ok(ManifestPart {
        content_len: raw.content_len,
        piece_size: raw.piece_size,
        first: raw.first,
        digests: digests.iter().map(|digest| PieceHash::new(*digest)).collect(),
    })
}

fn hint(raw: &schema::HintAnswer) -> Result<Hint, WireError> {
    let (ids, rest) = raw.contents.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(WireError::HintsSize { got: raw.contents.len() });
    }
    if ids.len() > HINTS_MAX {
        return Err(WireError::Hints { got: ids.len() });
    }
    let contents = ids.iter().map(|id| ContentId::new(*id)).collect();
    Ok(Hint { contents, search: search(raw.search) })
}

/// What this version does not know is nothing that concerns it.
fn search(got: i32) -> Search {
    match got {
        1 => Search::Looking,
        2 => Search::Reading,
        _ => Search::Idle,
    }
}

pub(super) fn node_id(bytes: &[u8]) -> Result<NodeId, WireError> {
    bytes.try_into().map(NodeId::new).map_err(|_| WireError::NodeId { got: bytes.len() })
}

fn url_hash(bytes: &[u8]) -> Result<UrlHash, WireError> {
    bytes.try_into().map(UrlHash::new).map_err(|_| WireError::UrlHash { got: bytes.len() })
}

fn content_id(bytes: &[u8]) -> Result<ContentId, WireError> {
    bytes.try_into().map(ContentId::new).map_err(|_| WireError::ContentId { got: bytes.len() })
}

/// Scores are computed from classes and must come out alike everywhere, so an unknown one is no detail to skip.
pub(super) fn class(got: i32) -> Result<CapacityClass, WireError> {
    Ok(match got {
        0 => CapacityClass::Wired,
        1 => CapacityClass::Wifi,
        2 => CapacityClass::Slow,
        3 => CapacityClass::Never,
        _ => return Err(WireError::Class { got }),
    })
}
