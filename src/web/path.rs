//! Ids and words in paths: what cannot be one is not found, with the same words as what is not there.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::kernel::error::{Error, Result};

/// One or two parsed segments of the path, in their order.
pub struct Path<T>(pub T);

/// What segments of a path can become.
pub trait Segments: Sized {
    /// Reads the segments.
    fn read<'a>(segments: impl Iterator<Item = &'a str>) -> Option<Self>;
}

/// What one segment can become: any type that parses.
pub trait Segment: FromStr {}
impl<K: crate::kernel::ids::Kind> Segment for crate::kernel::ids::Id<K> {}
impl Segment for i64 {}
impl Segment for String {}
impl Segment for crate::kernel::week::Week {}

impl<T: Segment> Segments for T {
    fn read<'a>(mut segments: impl Iterator<Item = &'a str>) -> Option<Self> {
        segments.next()?.parse().ok()
    }
}

impl<A: Segment, B: Segment> Segments for (A, B) {
    fn read<'a>(mut segments: impl Iterator<Item = &'a str>) -> Option<Self> {
        Some((segments.next()?.parse().ok()?, segments.next()?.parse().ok()?))
    }
}

impl<T: Segments> FromRequest for Path<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let segments = request.match_info().iter().map(|(_, segment)| segment);
        ready(T::read(segments).map(Self).ok_or_else(Error::not_found))
    }
}
