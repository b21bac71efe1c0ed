//! Numbers as bytes: seven bits each, lowest first, the highest bit says that more follow.

use std::time::Duration;

use swarmline_types::NodeId;

use crate::error::ReadError;

/// Bytes of a record in the making.
#[derive(Debug, Default)]
pub(crate) struct Out(pub(crate) Vec<u8>);

impl Out {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn number(&mut self, number: impl Into<u64>) {
        let mut left = number.into();
        while left >= 0x80 {
            self.0.push(u8::try_from(left & 0x7f).expect("seven bits") | 0x80);
            left >>= 7;
        }
        self.0.push(u8::try_from(left).expect("seven bits"));
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.number(u64::try_from(count).expect("a usize fits 64 bits"));
    }

    /// One more than the number; 0 for none.
    pub(crate) fn maybe(&mut self, number: Option<u64>) {
        self.number(number.map_or(0, |number| number.saturating_add(1)));
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.byte(u8::from(flag));
    }

    pub(crate) fn span(&mut self, span: Duration) {
        self.number(micros(span));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

pub(crate) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// One record while it is read. Nothing is allocated for a length before it is known to be there.
#[derive(Debug)]
pub(crate) struct In<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the record begins in the file.
    base: usize,
}

impl<'a> In<'a> {
    pub(crate) fn new(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, at: 0, base }
    }

    /// In the file.
    pub(crate) fn offset(&self) -> usize {
        self.base + self.at
    }

    pub(crate) fn raw(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], ReadError> {
        let short = ReadError::Short { offset: self.offset(), what };
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len()).ok_or(short)?;
        let raw = &self.bytes[self.at..end];
        self.at = end;
        Ok(raw)
    }

    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, ReadError> {
        Ok(self.raw(1, what)?[0])
    }

    pub(crate) fn number(&mut self, what: &'static str) -> Result<u64, ReadError> {
        let offset = self.offset();
        let mut number = 0u64;
        for place in 0..10 {
            let byte = self.byte(what)?;
            let bits = u64::from(byte & 0x7f);
            if place == 9 && bits > 1 {
                break;
            }
            number |= bits << (7 * place);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(ReadError::Bound { offset, what, got: u64::MAX, max: u64::MAX - 1 })
    }

    /// A number that may be at most `max`.
    pub(crate) fn within(&mut self, what: &'static str, max: u64) -> Result<u64, ReadError> {
        let offset = self.offset();
        let got = self.number(what)?;
        if got > max { Err(ReadError::Bound { offset, what, got, max }) } else { Ok(got) }
    }

    pub(crate) fn small(&mut self, what: &'static str, max: u32) -> Result<u32, ReadError> {
        Ok(u32::try_from(self.within(what, max.into())?).expect("at most a u32"))
    }

    pub(crate) fn count(&mut self, what: &'static str, max: usize) -> Result<usize, ReadError> {
        let max = u64::try_from(max).expect("a usize fits 64 bits");
        Ok(usize::try_from(self.within(what, max)?).expect("at most a usize"))
    }

    pub(crate) fn maybe(&mut self, what: &'static str) -> Result<Option<u64>, ReadError> {
        Ok(self.number(what)?.checked_sub(1))
    }

    pub(crate) fn flag(&mut self, what: &'static str) -> Result<bool, ReadError> {
        Ok(self.small(what, 1)? == 1)
    }

    pub(crate) fn span(&mut self, what: &'static str) -> Result<Duration, ReadError> {
        Ok(Duration::from_micros(self.number(what)?))
    }

    /// Bytes with their length before them.
    pub(crate) fn bytes(&mut self, what: &'static str, max: usize) -> Result<&'a [u8], ReadError> {
        let count = self.count(what, max)?;
        self.raw(count, what)
    }

    pub(crate) fn id(&mut self, what: &'static str) -> Result<[u8; 32], ReadError> {
        Ok(self.raw(32, what)?.try_into().expect("32 bytes were asked for"))
    }

    /// A node by its number in the list.
    pub(crate) fn node(&mut self, names: &[NodeId]) -> Result<NodeId, ReadError> {
        let offset = self.offset();
        let got = self.number("node")?;
        let at = usize::try_from(got).ok();
        at.and_then(|at| names.get(at)).copied().ok_or(ReadError::Unknown { offset, what: "node", got })
    }

    pub(crate) fn unknown(offset: usize, what: &'static str, got: impl Into<u64>) -> ReadError {
        ReadError::Unknown { offset, what, got: got.into() }
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), ReadError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            left => Err(ReadError::Left { offset: self.offset(), left }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_were_written() {
        let all = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX];
        let mut out = Out::default();
        all.iter().for_each(|number| out.number(*number));
        let mut read = In::new(&out.0, 100);
        all.iter().for_each(|number| assert_eq!(read.number("number"), Ok(*number)));
        assert_eq!(read.end(), Ok(()));
        assert_eq!(
            read.number("number"),
            Err(ReadError::Short { offset: 100 + out.0.len(), what: "number" })
        );
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_refused() {
        let mut read = In::new(&[0xff; 16], 0);
        assert!(matches!(read.number("number"), Err(ReadError::Bound { offset: 0, .. })));
    }

    #[test]
    fn a_length_is_not_believed_before_the_bytes_are_there() {
        let mut out = Out::default();
        out.number(1_000_000u64);
        assert!(matches!(In::new(&out.0, 0).bytes("list", 2_000_000), Err(ReadError::Short { .. })));
        assert!(matches!(In::new(&out.0, 0).bytes("list", 999), Err(ReadError::Bound { max: 999, .. })));
    }
}
