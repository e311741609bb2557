//! Memory as a way out: letters are kept for a test to look at, and answered as it has laid out.
//!
//! It keeps the promise of [`super::transport`] without a network or a disk, so that a test of
//! many letters takes no time.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    attempt::{Completion, Failure, Phase},
    transport::Outgoing,
};
use crate::domain::delivery::Reply;

/// Letters kept in memory, with answers that a test has laid out. Clones share both.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Book>>);

impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Memory {}

#[derive(Debug, Default)]
pub(super) struct Book {
    taken: Vec<Outgoing>,
    answers: HashMap<String, VecDeque<Answer>>,
    refuses_to_connect: Option<Failure>,
    connections: usize,
    pub(super) hung_up: bool,
}

/// What shall become of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The offer fails, and the connection goes on.
    Refuse(Failure),
    /// The offer fails, and every connection is dead until the next is made.
    HangUp(Failure),
    /// The dot is answered so; the letter is taken if the answer is positive.
    Complete(Completion),
}

impl Memory {
    /// Lays out what shall become of the next attempt to write to `address`; attempts for which
    /// nothing is laid out go well.
    pub fn answer(&self, address: &str, answer: Answer) {
        self.book().answers.entry(address.to_owned()).or_default().push_back(answer);
    }

    /// Lets no connection be made from now on, or lets them be made again.
    pub fn refuse_to_connect(&self, why: Option<Failure>) {
        self.book().refuses_to_connect = why;
    }

    /// The letters taken so far.
    pub fn taken(&self) -> Vec<Outgoing> {
        self.book().taken.clone()
    }

    /// How many connections were asked for.
    pub fn connections(&self) -> usize {
        self.book().connections
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn connect(&self) -> Result<(), Failure> {
        let mut book = self.book();
        book.connections += 1;
        book.hung_up = false;
        book.refuses_to_connect.clone().map_or(Ok(()), Err)
    }

    pub(super) fn offer(&self, letter: &Outgoing) -> Result<(), Failure> {
        let mut book = self.book();
        let waiting = book.answers.get_mut(letter.envelope.to.as_str());
        let is_refusal = |answer: &mut Answer| !matches!(answer, Answer::Complete(_));
        match waiting.and_then(|answers| answers.pop_front_if(is_refusal)) {
            Some(Answer::Refuse(failure)) => Err(failure),
            Some(Answer::HangUp(failure)) => {
                book.hung_up = true;
                Err(failure)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn complete(&self, letter: Option<Outgoing>) -> Completion {
        let Some(letter) = letter else {
            let why = "no letter had been offered";
            return Completion::NotSent(Failure::without_reply(Phase::Body, why));
        };
        let mut book = self.book();
        let laid_out = book.answers.get_mut(letter.envelope.to.as_str());
        let answer = match laid_out.and_then(VecDeque::pop_front) {
            Some(Answer::Complete(answer)) => answer,
            _ => Completion::Replied(Reply::new(250, "2.0.0 kept in memory")),
        };
        if matches!(&answer, Completion::Replied(reply) if reply.is_positive()) {
            book.taken.push(letter);
        }
        answer
    }
}
