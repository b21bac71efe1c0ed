//! Many small numbers in a row: as wide as the greatest of them may be, since there is one for each piece or run.

/// A row of numbers of which none is greater than the row is long.
#[derive(Debug)]
pub(crate) enum Numbers {
    Narrow(Box<[u16]>),
    Wide(Box<[u32]>),
}

impl Numbers {
    /// So many zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        match u16::try_from(len) {
            Ok(_) => Self::Narrow(vec![0; len].into()),
            Err(_) => Self::Wide(vec![0; len].into()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Narrow(numbers) => numbers.len(),
            Self::Wide(numbers) => numbers.len(),
        }
    }

    pub(crate) fn get(&self, at: usize) -> u32 {
        match self {
            Self::Narrow(numbers) => numbers[at].into(),
            Self::Wide(numbers) => numbers[at],
        }
    }

    /// Puts in a number that is no greater than the row is long.
    pub(crate) fn set(&mut self, at: usize, number: u32) {
        match self {
            Self::Narrow(numbers) => {
                numbers[at] = u16::try_from(number).expect("no greater than the row is long");
            }
            Self::Wide(numbers) => numbers[at] = number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_its_own_length_however_long_it_is() {
        for len in [1, 255, 65_535, 65_536] {
            let mut row = Numbers::zeros(len);
            let most = u32::try_from(len).unwrap();
            row.set(len - 1, most);
            assert_eq!((row.len(), row.get(len - 1)), (len, most));
            assert_eq!(matches!(row, Numbers::Narrow(_)), len < 1 << 16);
        }
    }
}
