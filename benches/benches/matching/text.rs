//! A peer: tantivy, in memory, one segment. A document has a term for each level reached of each skill, and fast fields for
//! seniority, hours and the free date; the musts are a Boolean query, and what it yields is tested on the fast fields, then
//! verified and scored from the record table.

use std::sync::Arc;

use guildhall::matching::domain::Request;
use guildhall_benches::best::{Answer, Best};
use guildhall_benches::question::{Asked, Question};
use guildhall_benches::records::Table;
use tantivy::columnar::ColumnValues;
use tantivy::query::{BooleanQuery, EnableScoring, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema};
use tantivy::{Index, IndexWriter, Searcher, TantivyDocument, Term};

use crate::peers::{LIMIT, Peer};

/// Memory of the writer: enough for one segment of a third of a million.
const WRITER_BYTES: usize = 1_000_000_000;

/// The index.
pub struct Text<'a> {
    table: &'a Table,
    searcher: Searcher,
    token: Field,
    columns: [Arc<dyn ColumnValues<i64>>; 4],
}

const FAST_FIELDS: [&str; 4] = ["slot", "seniority", "hours", "available"];

impl<'a> Text<'a> {
    /// The index over `table`.
    ///
    /// # Errors
    /// When tantivy cannot build it.
    pub fn new(table: &'a Table) -> tantivy::Result<Self> {
        let mut schema = Schema::builder();
        let token = schema.add_u64_field("token", INDEXED);
        let fields = FAST_FIELDS.map(|name| schema.add_i64_field(name, FAST));
        let index = Index::create_in_ram(schema.build());
        let mut writer: IndexWriter = index.writer_with_num_threads(1, WRITER_BYTES)?;
        for (slot, record) in (0_i64..).zip(&table.records) {
            let mut document = TantivyDocument::new();
            for skill in &record.skills {
                (1..=skill.level).for_each(|level| document.add_u64(token, term(skill.skill, level)));
            }
            let values = [slot, record.seniority.into(), record.hours.into(), record.available.into()];
            fields.iter().zip(values).for_each(|(field, value)| document.add_i64(*field, value));
            writer.add_document(document)?;
        }
        writer.commit()?;
        let segments = index.searchable_segment_ids()?;
        if segments.len() > 1 {
            writer.merge(&segments).wait()?;
        }
        writer.wait_merging_threads()?;
        let searcher = index.reader()?.searcher();
        let [segment] = searcher.segment_readers() else { return Err(tantivy::TantivyError::InternalError("not one segment".to_owned())) };
        let column = |name: &str| segment.fast_fields().i64(name).map(|column| column.first_or_default_col(0));
        let columns = [column("slot")?, column("seniority")?, column("hours")?, column("available")?];
        Ok(Self { table, searcher, token, columns })
    }

    fn query(&self, asked: &Asked) -> Box<dyn Query> {
        let term = |skill: u16| Term::from_field_u64(self.token, term(skill, asked.level));
        let one = |skill: u16| Box::new(TermQuery::new(term(skill), IndexRecordOption::Basic)) as Box<dyn Query>;
        match asked.options.as_slice() {
            [(skill, _)] => one(*skill),
            many => Box::new(BooleanQuery::new(many.iter().map(|(skill, _)| (Occur::Should, one(*skill))).collect())),
        }
    }
}

fn term(skill: u16, level: u8) -> u64 {
    u64::from(skill) * 8 + u64::from(level)
}

impl Peer for Text<'_> {
    fn name(&self) -> &'static str {
        "tantivy"
    }

    fn find(&mut self, request: &Request) -> Answer {
        let question = Question::new(request, self.table);
        let query = BooleanQuery::new(question.musts.iter().map(|asked| (Occur::Must, self.query(asked))).collect());
        let weight = query.weight(EnableScoring::disabled_from_searcher(&self.searcher)).expect("a weight");
        let mut best = Best::new(request.id, LIMIT);
        let [slots, seniority, hours, available] = &self.columns;
        // What a collector's `collect_block` gets: the documents of the query, in blocks, without scores.
        let mut collect = |documents: &[u32]| {
            for document in documents.iter().copied() {
                let rank = seniority.get_val(document) & i64::from(question.seniority);
                let enough = hours.get_val(document) >= i64::from(question.hours);
                let free = available.get_val(document) <= i64::from(question.starts);
                if !enough || !free || (question.seniority != 0 && rank == 0) {
                    continue;
                }
                let record = &self.table.records[slots.get_val(document) as usize];
                if (!question.asks_years() || question.passes_musts(record)) && question.passes_others(record) {
                    best.offer(record.developer, question.score(record));
                }
            }
        };
        let segment = &self.searcher.segment_readers()[0];
        weight.for_each_no_score(segment, &mut collect).expect("a search in memory");
        best.answer()
    }
}
