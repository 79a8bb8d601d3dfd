//! Storage cells that are reused.

/// Values under small numbers. A number is reused once its value is gone.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    cells: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Slots<T> {
    pub(crate) const fn new() -> Self {
        Self {
            cells: Vec::new(),
            free: Vec::new(),
        }
    }

    pub(crate) fn insert(&mut self, value: T) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.cells[slot as usize] = Some(value);
            return slot;
        }
        let slot = u32::try_from(self.cells.len()).expect("memory ends before the numbers do");
        self.cells.push(Some(value));
        slot
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&T> {
        self.cells.get(slot as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.cells.get_mut(slot as usize)?.as_mut()
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<T> {
        self.remove_if(slot, |_| true)
    }

    /// Takes the value out if it is as it must be.
    #[inline]
    pub(crate) fn remove_if(
        &mut self,
        slot: u32,
        is_right: impl FnOnce(&mut T) -> bool,
    ) -> Option<T> {
        let value = self.cells.get_mut(slot as usize)?.take_if(is_right)?;
        self.free.push(slot);
        Some(value)
    }

    /// All values with their numbers, in ascending order of the numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let cells = self.cells.iter().enumerate();
        cells.filter_map(|(slot, value)| Some((slot as u32, value.as_ref()?)))
    }
}
