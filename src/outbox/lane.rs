//! A lane: one connection's worth of a desk. It takes deliveries one by one and carries each from
//! offer over intent to result.
//!
//! It promises the order on which everything rests: offer, intent on record, dot, result handed
//! in. A letter whose intent is not granted (the reader left, the lease is lost) is abandoned
//! together with its connection, since a text that was begun cannot be taken back otherwise.
//!
//! Where the server takes it, the envelope of the next letter rides behind the dot. Its intent
//! and the result of the letter before are then one statement of the ledger, written while its
//! text goes out: one round trip and one commit a letter, and still one delivery at most between
//! intent and result.
//!
//! A relay that hangs up time after time is left alone by its breaker (`policy`), so that it
//! cannot leave doubt after doubt. A stop lets a dot that was sent wait for its answer.

use std::sync::Arc;

use super::{
    attempt::{Completion, Failure, Phase},
    floor::Floor,
    line::{Line, Offer, is_ours},
    policy::{
        lesson::{Lesson, lesson_after_dot, lesson_before_dot},
        masked,
        retry::put_off,
        verdict_after_dot, verdict_before_dot,
    },
    recorder::{Because, Entry, Pending},
    shelf::Taken,
    transport::Outgoing,
    watch::Point,
    worker::{Error, Unmade},
};
use crate::{
    domain::delivery::{DeliveryState, Verdict},
    store::deliveries::{Leased, Move},
};

/// Works until nothing is due, the desk stops, or no relay takes letters.
pub(super) async fn run(floor: Arc<Floor>) -> Result<(), Error> {
    let mut lane = Lane { line: Line::new(floor.clone()), floor, next: None };
    let worked = lane.work().await;
    if let Some(item) = lane.next.take() {
        lane.floor.shelf.put_back(item.leased);
    }
    lane.line.close().await;
    worked
}

struct Lane {
    floor: Arc<Floor>,
    line: Line,
    /// What is carried next.
    next: Option<Item>,
}

/// A delivery and its letter.
struct Item {
    leased: Leased,
    letter: Outgoing,
    /// Whether it may ride behind the letter before.
    follows: bool,
}

impl Item {
    fn domain(&self) -> &str {
        self.letter.envelope.to.domain()
    }
}

impl Lane {
    async fn work(&mut self) -> Result<(), Error> {
        while let Some(item) = self.take().await? {
            if !self.carry(item).await? {
                break;
            }
        }
        Ok(())
    }

    /// The next delivery with its letter; `None`: there is none any more.
    async fn take(&mut self) -> Result<Option<Item>, Error> {
        if let Some(item) = self.next.take() {
            // Its issue may be held by now: then the shelf gives it back.
            if !self.floor.shelf.is_held(item.leased.issue) && !self.floor.is_stopping() {
                return Ok(Some(item));
            }
            self.floor.shelf.put_back(item.leased);
        }
        while let Some(leased) = self.floor.take().await? {
            if let Some(item) = self.make(leased).await? {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// Prepares the delivery that may ride behind `item`, if one is at hand.
    async fn prepare(&mut self, relay: usize, item: &Item) -> Result<(), Error> {
        while let Taken::One(leased) = self.floor.take_at_once().await? {
            let Some(mut next) = self.make(leased).await? else { continue };
            let domains = (item.domain(), next.domain());
            let now = self.floor.now();
            next.follows = self.floor.desk.relays.route().follow(relay, domains, now);
            self.next = Some(next);
            break;
        }
        Ok(())
    }

    /// Makes the letter of a delivery; a delivery whose letter cannot be made is settled.
    async fn make(&self, leased: Leased) -> Result<Option<Item>, Error> {
        match self.letter(&leased).await {
            Ok(letter) => Ok(Some(Item { leased, letter, follows: false })),
            Err(verdict) => {
                let end = (verdict, Lesson::Nothing);
                self.settle(&leased, DeliveryState::Leased, end).await?;
                Ok(None)
            }
        }
    }

    async fn letter(&self, leased: &Leased) -> Result<Outgoing, Verdict> {
        let desk = &self.floor.desk;
        let letter = (desk.letters)(leased.clone()).await.map_err(|unmade| match unmade {
            Unmade::Never(why) => Verdict::Never(why),
            Unmade::Ours(why) => Verdict::Ours(why),
        })?;
        if letter.envelope.to.is_reserved() && !desk.relays.is_local() {
            return Err(Verdict::Never("reserved domain".to_owned()));
        }
        Ok(letter)
    }

    /// Carries one delivery as far as it goes, and those that ride behind it; `false`: the lane
    /// ends.
    async fn carry(&mut self, item: Item) -> Result<bool, Error> {
        match self.line.offer(&item.letter).await {
            Offer::Made(relay) => {
                self.chain(relay, item).await?;
                return Ok(true);
            }
            Offer::Failed(failure) => {
                self.fail(&item.leased, &failure).await?;
                return Ok(true);
            }
            Offer::Aside(None) => {
                self.floor.shelf.put_last(item.leased);
                return Ok(true);
            }
            Offer::Aside(Some(until)) => {
                let why = "its domain takes no more letters until then";
                let back = self.floor.back(&item.leased, Some(until), why);
                self.floor.hand_in(back, Because::Said).await?;
                return Ok(true);
            }
            Offer::Paused(until, why) => {
                self.floor.shelf.put_back(item.leased);
                self.floor.pause(until, why);
            }
            Offer::Stopped => self.floor.shelf.put_back(item.leased),
            Offer::Unreachable(failure) => self.give_up(item.leased, failure).await?,
        }
        Ok(false)
    }

    /// No relay lets us in: the delivery goes back, and with a refusal about the sender its issue
    /// is held.
    async fn give_up(&self, leased: Leased, failure: Failure) -> Result<(), Error> {
        let ours = is_ours(&failure);
        self.floor.give_up(&failure.text, ours);
        if ours {
            return self.fail(&leased, &failure).await;
        }
        self.floor.shelf.put_back(leased);
        Ok(())
    }

    /// From the intent to the result of a letter that was offered, and so on with each whose
    /// envelope rode behind it.
    async fn chain(&mut self, relay: usize, mut item: Item) -> Result<(), Error> {
        let (mut before, mut rode) = (None, false);
        loop {
            let intent =
                self.change(&item.leased, DeliveryState::Leased, DeliveryState::Sending, None);
            let asked = self.floor.ask(before.take(), intent).await;
            let filled = if rode { self.line.fill(&item.letter).await } else { Ok(()) };
            self.prepare(relay, &item).await?;
            if !self.is_granted(asked, &item.leased).await? {
                self.take_back(relay, &item);
                let now = self.floor.now();
                self.floor.desk.relays.withdrawn(relay, item.domain(), now);
                return Ok(());
            }
            item.leased.attempts += 1;
            let (completion, ride) = match filled {
                Ok(()) => self.hand_over().await,
                Err(failure) => (Completion::NotSent(failure), None),
            };
            let result = self.complete(relay, &item, &completion).await?;
            match (ride, self.next.take()) {
                (Some(Ok(())), Some(next)) if !self.floor.shelf.is_held(next.leased.issue) => {
                    self.take_over(relay, &item, &next);
                    (before, item, rode) = (Some(result), next, true);
                }
                (ride, next) => {
                    self.next = next;
                    self.floor.hand_in_result(result).await?;
                    return self.after(relay, &item, (completion, ride)).await;
                }
            }
        }
    }

    /// Waits for the intent. When it is not granted, what was begun is abandoned.
    async fn is_granted(
        &mut self,
        asked: Result<Pending, Error>,
        leased: &Leased,
    ) -> Result<bool, Error> {
        let granted = match asked {
            Ok(pending) => pending.recorded().await.map_err(Error::from),
            Err(error) => Err(error),
        };
        if matches!(granted, Ok(true)) {
            self.floor.pass(Point::AfterIntent);
            return Ok(true);
        }
        self.line.abandon().await;
        granted?;
        self.refused_intent(leased).await?;
        Ok(false)
    }

    /// The dot, with the next envelope behind it, and the answers.
    async fn hand_over(&mut self) -> (Completion, Option<Result<(), Failure>>) {
        let next = self.next.as_ref().filter(|next| next.follows).map(|next| &next.letter);
        let Some(connection) = self.line.connection() else {
            let gone = Failure::without_reply(Phase::Body, "no connection");
            return (Completion::NotSent(gone), None);
        };
        let pending = connection.finish(next).await;
        self.floor.pass(Point::AfterDot);
        let heard = connection.hear(pending).await;
        self.floor.pass(Point::AfterReply);
        heard
    }

    /// Tells the route how the letter ended, and what it means for the delivery.
    async fn complete(
        &mut self,
        relay: usize,
        item: &Item,
        completion: &Completion,
    ) -> Result<Entry, Error> {
        let now = self.floor.now();
        self.floor.desk.relays.completed(relay, item.domain(), completion, now);
        match completion {
            Completion::Lost(why) | Completion::NotSent(Failure { text: why, .. }) => {
                self.line.lose(relay, why);
            }
            Completion::Replied(_) if self.line.is_usable() => self.line.answered(),
            Completion::Replied(_) => {}
        }
        let end = (verdict_after_dot(completion), lesson_after_dot(completion));
        self.result(&item.leased, DeliveryState::Sending, end).await
    }

    fn take_over(&mut self, relay: usize, item: &Item, next: &Item) {
        self.line.count();
        self.floor.desk.relays.route().take_over(relay, (item.domain(), next.domain()));
    }

    /// The letter that was to ride behind `item` does not.
    fn take_back(&mut self, relay: usize, item: &Item) {
        let Some(next) = self.next.as_mut().filter(|next| next.follows) else { return };
        next.follows = false;
        let domains = (item.domain(), next.letter.envelope.to.domain());
        let now = self.floor.now();
        self.floor.desk.relays.route().unfollow(relay, domains, now);
    }

    /// What becomes of the connection, and of the letter whose envelope rode in vain, once no
    /// text can follow.
    async fn after(
        &mut self,
        relay: usize,
        item: &Item,
        (completion, ride): (Completion, Option<Result<(), Failure>>),
    ) -> Result<(), Error> {
        let usable = self.line.is_usable();
        match (ride, completion) {
            (Some(Err(failure)), _) if usable || !failure.is_lost() => {
                if let Some(next) = self.next.take() {
                    self.take_over(relay, item, &next);
                    let now = self.floor.now();
                    self.floor.desk.relays.failed(relay, next.domain(), &failure, now);
                    self.fail(&next.leased, &failure).await?;
                }
                if !usable {
                    self.line.abandon().await;
                }
            }
            // It was begun, and its issue is held by now; or the session ended behind the dot.
            (Some(_), _) | (None, Completion::Lost(_) | Completion::NotSent(_)) => {
                self.take_back(relay, item);
                self.line.abandon().await;
            }
            (None, Completion::Replied(_)) => {
                self.take_back(relay, item);
                if !usable {
                    self.line.close().await;
                }
            }
        }
        Ok(())
    }

    /// The reader left, or the lease is another's by now.
    async fn refused_intent(&self, leased: &Leased) -> Result<(), Error> {
        if self.floor.desk.store.is_wanted(leased.id).await? {
            tracing::warn!(delivery = leased.id, "its lease was lost; nothing was handed over");
            return Ok(());
        }
        let why = Some("the reader unsubscribed".to_owned());
        let change = self.change(leased, DeliveryState::Leased, DeliveryState::Suppressed, why);
        self.floor.hand_in(change, Because::Said).await
    }

    /// Settles a delivery whose attempt ended before the dot.
    async fn fail(&self, leased: &Leased, failure: &Failure) -> Result<(), Error> {
        let end = (verdict_before_dot(failure), lesson_before_dot(failure));
        self.settle(leased, DeliveryState::Leased, end).await
    }

    /// Hands in what a verdict means for the delivery. Nobody waits for it: the recorder keeps the
    /// order, so that the next intent of this lane is never on record before it.
    async fn settle(
        &self,
        leased: &Leased,
        from: DeliveryState,
        end: (Verdict, Lesson),
    ) -> Result<(), Error> {
        let result = self.result(leased, from, end).await?;
        self.floor.hand_in_result(result).await
    }

    /// What a verdict means for the delivery. A refusal about the sender holds the issue.
    async fn result(
        &self,
        leased: &Leased,
        from: DeliveryState,
        (verdict, lesson): (Verdict, Lesson),
    ) -> Result<Entry, Error> {
        let to = |state, why: &str| self.change(leased, from, state, Some(masked(why)));
        let mut because = Because::Said;
        let change = match verdict {
            Verdict::Accepted(reply) => to(DeliveryState::Sent, &reply.to_string()),
            Verdict::Never(why) => to(DeliveryState::Failed, &why),
            Verdict::Unknown(why) => to(DeliveryState::Uncertain, &why),
            Verdict::Later(why) => {
                let seed = leased.id.unsigned_abs();
                match put_off(lesson, leased.tried_since, self.floor.now(), seed) {
                    Some(off) => Move {
                        not_before: Some(off.not_before),
                        tried_since: off.tried_since,
                        ..to(DeliveryState::Ready, &why)
                    },
                    None => to(DeliveryState::Failed, &format!("lifetime: {why}")),
                }
            }
            Verdict::Ours(why) => {
                self.floor.hold(leased.issue, &why).await?;
                because = Because::Held;
                to(DeliveryState::Ready, &why)
            }
        };
        Ok(Entry { change, because })
    }

    fn change(
        &self,
        leased: &Leased,
        from: DeliveryState,
        to: DeliveryState,
        reply: Option<String>,
    ) -> Move {
        let (at, tried_since) = (self.floor.now(), leased.tried_since);
        Move { id: leased.id, from, to, at, not_before: None, tried_since, reply }
    }
}
