//! Which configurations were entered.

/// The size of a chunk, in words.
const CHUNK_WORDS: usize = 1 << 16;

/// The size of the first chunk, so that small histories take little.
const FIRST_WORDS: usize = 1 << 10;

/// The end of a chain.
const NONE: u32 = u32::MAX;

/// There is no room for another configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// A table of configurations. Each has a key, which is compared as a whole, and what
/// it has spent: a count, and a set of optional operations. A configuration that has
/// spent no less than one that was entered under the same key is not entered again.
///
/// Everything lies in chunks of words, so that its size is known to the byte, and
/// nothing is ever visited in the order of the table.
pub(super) struct Memo {
    /// Addresses of keys, by hash; `NONE` for none. Its length is a power of two.
    table: Vec<u32>,
    keys: usize,
    /// A key is `[first of its configurations, length, words …]`, a configuration
    /// `[next one, length, count, operations …]`.
    chunks: Vec<Vec<u32>>,
    bytes: usize,
    bytes_max: usize,
}

impl Memo {
    pub(super) fn new(bytes_max: usize) -> Self {
        let table = vec![NONE; 64];
        Self {
            bytes: size_of_val(table.as_slice()),
            table,
            keys: 0,
            chunks: Vec::new(),
            bytes_max,
        }
    }

    /// How many bytes it takes.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Enters a configuration; `taken` bytes count to its bound beside its own.
    /// Answers whether it is new. `spent` is a count and a rising list of operations,
    /// and an operation below the count is spent, too, whether it is listed or not.
    pub(super) fn enter(&mut self, key: &[u32], spent: &[u32], taken: usize) -> Result<bool, Full> {
        let slot = self.slot(key);
        if self.table[slot] == NONE {
            let entry = self.allocate(&[NONE, spent.len() as u32], spent, taken)?;
            let address = self.allocate(&[entry, key.len() as u32], key, taken)?;
            self.table[slot] = address;
            self.keys += 1;
            self.grow(taken)?;
            return Ok(true);
        }
        let key = self.table[slot];
        let first = self.word(key, 0);
        let mut entry = first;
        while entry != NONE {
            if within(self.words(entry), spent) {
                return Ok(false);
            }
            entry = self.word(entry, 0);
        }
        let entry = self.allocate(&[first, spent.len() as u32], spent, taken)?;
        let (chunk, offset) = place(key);
        self.chunks[chunk][offset] = entry;
        Ok(true)
    }

    /// Where the key is in the table, or where it belongs.
    fn slot(&self, key: &[u32]) -> usize {
        let mask = self.table.len() - 1;
        let mut slot = hash(key) as usize & mask;
        while self.table[slot] != NONE && self.words(self.table[slot]) != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn word(&self, address: u32, index: usize) -> u32 {
        let (chunk, offset) = place(address);
        self.chunks[chunk][offset + index]
    }

    fn words(&self, address: u32) -> &[u32] {
        let (chunk, offset) = place(address);
        let length = self.chunks[chunk][offset + 1] as usize;
        &self.chunks[chunk][offset + 2..offset + 2 + length]
    }

    fn allocate(&mut self, head: &[u32; 2], words: &[u32], taken: usize) -> Result<u32, Full> {
        let length = head.len() + words.len();
        let fits = |chunk: &Vec<u32>| {
            chunk.len() < CHUNK_WORDS && chunk.capacity() - chunk.len() >= length
        };
        if !self.chunks.last().is_some_and(fits) {
            let usual = if self.chunks.is_empty() {
                FIRST_WORDS
            } else {
                CHUNK_WORDS
            };
            let size = usual.max(length);
            self.reserve(size * size_of::<u32>(), taken)?;
            if self.chunks.len() >= CHUNK_WORDS - 1 {
                return Err(Full);
            }
            self.chunks.push(Vec::with_capacity(size));
        }
        let index = self.chunks.len() - 1;
        let chunk = &mut self.chunks[index];
        let address = (index * CHUNK_WORDS + chunk.len()) as u32;
        chunk.extend_from_slice(head);
        chunk.extend_from_slice(words);
        Ok(address)
    }

    fn reserve(&mut self, bytes: usize, taken: usize) -> Result<(), Full> {
        let all = self.bytes.saturating_add(bytes);
        if all.saturating_add(taken) > self.bytes_max {
            return Err(Full);
        }
        self.bytes = all;
        Ok(())
    }

    /// Doubles the table once it is half full.
    fn grow(&mut self, taken: usize) -> Result<(), Full> {
        if self.keys * 2 <= self.table.len() {
            return Ok(());
        }
        let old = size_of_val(self.table.as_slice());
        // Both tables are there for a while.
        self.reserve(2 * old, taken)?;
        let doubled = vec![NONE; self.table.len() * 2];
        let keys = std::mem::replace(&mut self.table, doubled);
        for address in keys.into_iter().filter(|address| *address != NONE) {
            let slot = self.slot(self.words(address));
            self.table[slot] = address;
        }
        self.bytes -= old;
        Ok(())
    }
}

/// The chunk of an address, and the place in it.
const fn place(address: u32) -> (usize, usize) {
    let address = address as usize;
    (address / CHUNK_WORDS, address % CHUNK_WORDS)
}

/// The same on every machine. What is found by it is compared, so that a collision
/// costs time and nothing else.
fn hash(words: &[u32]) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
    for word in words {
        hash = (hash ^ u64::from(*word)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 32;
    }
    hash
}

/// Whether `less` has spent nothing that `more` has not.
fn within(less: &[u32], more: &[u32]) -> bool {
    let ([less_count, less @ ..], [more_count, more @ ..]) = (less, more) else {
        return false;
    };
    if less_count > more_count {
        return false;
    }
    let mut more = more.iter();
    less.iter()
        .filter(|operation| *operation >= more_count)
        .all(|operation| more.by_ref().any(|other| other == operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_has_spent_more_is_not_new() {
        let mut memo = Memo::new(1 << 20);
        let mut enter = |key: &[u32], spent: &[u32]| memo.enter(key, spent, 0).unwrap();
        assert!(enter(&[1, 2], &[0, 5, 9]));
        assert!(!enter(&[1, 2], &[0, 5, 9]));
        assert!(!enter(&[1, 2], &[0, 5, 7, 9]));
        assert!(!enter(&[1, 2], &[6, 9]), "5 is spent by the count");
        assert!(enter(&[1, 2], &[0, 5]), "9 is not spent");
        assert!(enter(&[1, 3], &[0, 5]), "another key");
        assert!(enter(&[1], &[0, 5]), "another key");
        assert!(!enter(&[1, 2], &[0, 5, 9, 11]));
    }

    #[test]
    fn a_lower_count_has_spent_less() {
        assert!(within(&[1, 4], &[2, 4]));
        assert!(!within(&[2, 4], &[1, 4]));
        assert!(within(&[1], &[1, 4]));
        assert!(!within(&[0, 3, 4], &[0, 4]));
    }

    #[test]
    fn many_keys_are_found_again_and_the_bound_holds() {
        let mut memo = Memo::new(4 << 20);
        let mut entered = 0_u32;
        let full = loop {
            match memo.enter(&[entered, entered / 3], &[0], 1_000) {
                Ok(new) => assert!(new),
                Err(full) => break full,
            }
            entered += 1;
        };
        assert_eq!(full, Full);
        assert!(memo.bytes() + 1_000 <= 4 << 20);
        assert!(entered > 50_000, "{entered}");
        for key in 0..entered {
            assert_eq!(memo.enter(&[key, key / 3], &[0], 0), Ok(false), "{key}");
        }
    }

    #[test]
    fn a_key_longer_than_a_chunk_is_taken() {
        let mut memo = Memo::new(4 << 20);
        let long = vec![7; CHUNK_WORDS + 5];
        assert_eq!(memo.enter(&long, &[0], 0), Ok(true));
        assert_eq!(memo.enter(&[7], &[0], 0), Ok(true));
        assert_eq!(memo.enter(&long, &[0], 0), Ok(false));
        assert_eq!(memo.enter(&[7], &[0], 0), Ok(false));
    }
}
