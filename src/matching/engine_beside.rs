//! What did not fit a slot's columns: few slots have any, so it stands in a list of its own whose places are used again.

use crate::matching::engine_record::Beside;

/// The rows beside the columns. Places count from one; zero is "nothing beside".
#[derive(Debug, Clone, Default)]
pub struct Besides {
    rows: Vec<Beside>,
    free: Vec<u32>,
}

impl Besides {
    /// What stands at `place`.
    pub fn of(&self, place: u32) -> Option<&Beside> {
        self.rows.get((place as usize).checked_sub(1)?)
    }

    /// Puts a row somewhere and says where.
    pub fn put(&mut self, beside: Beside) -> u32 {
        if beside.is_empty() {
            return 0;
        }
        if let Some(place) = self.free.pop() {
            self.replace(place, beside);
            return place;
        }
        self.rows.push(beside);
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// Frees `place` for another row.
    pub fn free(&mut self, place: u32) {
        if place > 0 {
            self.replace(place, Beside::default());
            self.free.push(place);
        }
    }

    /// Gives back what growing took too much.
    pub fn shrink(&mut self) {
        self.rows.shrink_to_fit();
    }

    /// Bytes of all rows.
    pub fn bytes(&self) -> usize {
        self.rows.iter().map(Beside::bytes).sum()
    }

    fn replace(&mut self, place: u32, beside: Beside) {
        if let Some(row) = self.rows.get_mut(place as usize - 1) {
            *row = beside;
        }
    }
}
