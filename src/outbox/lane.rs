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
//! A session that has carried letters may be closed by its server at any time (RFC 5321 section
//! 3.8); what fails so before the dot is offered once more on a new one. A stop lets an offer go
//! on for ten seconds and a sent dot as long as its answer takes. A relay that hangs up on three
//! connections in a row is given up, so that it cannot leave doubt after doubt.

use std::{sync::Arc, time::Duration};

use super::{
    attempt::{Completion, Failure, Phase},
    policy::{masked, next_attempt, verdict_after_dot, verdict_before_dot},
    recorder::{Because, Entry},
    shelf::Taken,
    transport::{Connection, Outgoing},
    watch::Point,
    worker::{Error, Floor, Unmade},
};
use crate::{
    domain::delivery::{DeliveryState, Verdict},
    store::deliveries::{Leased, Move},
};

/// How long to wait before each try to connect.
const PAUSES: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_millis(2000)];
/// New connections lost in a row before a lane gives up.
const STRIKES: u32 = 3;
/// How long an offer may go on after a stop.
const GRACE: Duration = Duration::from_secs(10);

/// Works until nothing is due, the desk stops, or the relay is given up.
pub(super) async fn run(floor: Arc<Floor>) -> Result<(), Error> {
    let mut lane = Lane { floor, connection: None, next: None, carried: 0, strikes: 0 };
    let worked = lane.work().await;
    if let Some(item) = lane.next.take() {
        lane.floor.shelf.put_back(item.leased);
    }
    if let Some(connection) = lane.connection.take() {
        connection.close().await;
    }
    worked
}

struct Lane {
    floor: Arc<Floor>,
    connection: Option<Connection>,
    /// What is carried next.
    next: Option<Item>,
    /// Letters offered on this connection.
    carried: u32,
    strikes: u32,
}

/// A delivery and its letter.
struct Item {
    leased: Leased,
    letter: Outgoing,
}

/// How an offer ended.
enum Offer {
    Made,
    Failed(Failure),
    Unreachable(Failure),
    Stopped,
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

    /// Prepares the delivery that may ride behind the present one, if one is at hand.
    async fn prepare(&mut self) -> Result<(), Error> {
        while let Taken::One(leased) = self.floor.take_at_once().await? {
            self.next = self.make(leased).await?;
            if self.next.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Makes the letter of a delivery; a delivery whose letter cannot be made is settled.
    async fn make(&self, leased: Leased) -> Result<Option<Item>, Error> {
        match self.letter(&leased).await {
            Ok(letter) => Ok(Some(Item { leased, letter })),
            Err(verdict) => {
                self.settle(&leased, DeliveryState::Leased, verdict).await?;
                Ok(None)
            }
        }
    }

    /// Carries one delivery as far as it goes, and those that ride behind it; `false`: the lane
    /// ends.
    async fn carry(&mut self, item: Item) -> Result<bool, Error> {
        match self.offer(&item.letter).await {
            Offer::Made => self.chain(item).await,
            Offer::Stopped => {
                self.floor.shelf.put_back(item.leased);
                Ok(false)
            }
            Offer::Unreachable(failure) => {
                self.give_up(item.leased, failure).await?;
                Ok(false)
            }
            Offer::Failed(failure) => {
                let verdict = verdict_before_dot(&failure);
                self.settle(&item.leased, DeliveryState::Leased, verdict).await?;
                Ok(self.goes_on(&failure.text))
            }
        }
    }

    /// Whether the lane goes on; a relay that hangs up time after time is given up.
    fn goes_on(&self, last: &str) -> bool {
        if self.strikes >= STRIKES {
            self.floor.give_up(last, false);
        }
        self.strikes < STRIKES
    }

    async fn letter(&self, leased: &Leased) -> Result<Outgoing, Verdict> {
        let desk = &self.floor.desk;
        let letter = (desk.letters)(leased.clone()).await.map_err(|unmade| match unmade {
            Unmade::Never(why) => Verdict::Never(why),
            Unmade::Ours(why) => Verdict::Ours(why),
        })?;
        if letter.envelope.to.is_reserved() && !desk.transport.is_local() {
            return Err(Verdict::Never("reserved domain".to_owned()));
        }
        Ok(letter)
    }

    async fn offer(&mut self, letter: &Outgoing) -> Offer {
        loop {
            if self.connection.is_none() {
                match self.connect().await {
                    Ok(Some(connection)) => self.connection = Some(connection),
                    Ok(None) => return Offer::Stopped,
                    Err(failure) => return Offer::Unreachable(failure),
                }
                self.carried = 0;
            }
            let Some(connection) = &mut self.connection else { return Offer::Stopped };
            let is_new = self.carried == 0;
            self.carried += 1;
            let floor = self.floor.clone();
            let offered = tokio::select! {
                offered = connection.offer(letter) => offered,
                () = grace_is_over(&floor) => {
                    self.abandon().await;
                    return Offer::Stopped;
                }
            };
            let usable = connection.is_usable();
            let Err(failure) = offered else { return Offer::Made };
            if usable {
                self.strikes = 0;
                return Offer::Failed(failure);
            }
            self.abandon().await;
            if is_new || !failure.is_lost() {
                self.strikes += u32::from(failure.is_lost());
                return Offer::Failed(failure);
            }
        }
    }

    /// A connection, after some tries; `None`: the desk stops.
    async fn connect(&self) -> Result<Option<Connection>, Failure> {
        let mut last = None;
        for pause in PAUSES {
            let floor = &self.floor;
            let trying = async {
                tokio::time::sleep(pause).await;
                floor.desk.transport.connect().await
            };
            let tried = tokio::select! {
                tried = trying => tried,
                () = floor.stopped() => return Ok(None),
            };
            match tried {
                Ok(connection) => {
                    floor.reach();
                    return Ok(Some(connection));
                }
                Err(failure) if is_ours(&failure) => return Err(failure),
                Err(failure) => last = Some(failure),
            }
            if floor.is_closed() {
                break;
            }
        }
        if self.floor.is_stopping() { Ok(None) } else { last.map_or(Ok(None), Err) }
    }

    /// No connection can be had: the delivery goes back, and with a refusal about the sender its
    /// issue is held.
    async fn give_up(&self, leased: Leased, failure: Failure) -> Result<(), Error> {
        let ours = is_ours(&failure);
        self.floor.give_up(&failure.text, ours);
        if ours {
            let verdict = Verdict::Ours(failure.text);
            return self.settle(&leased, DeliveryState::Leased, verdict).await;
        }
        self.floor.shelf.put_back(leased);
        Ok(())
    }

    /// From the intent to the result of a letter that was offered, and so on with each whose
    /// envelope rode behind it; `false`: the lane ends.
    async fn chain(&mut self, mut item: Item) -> Result<bool, Error> {
        let (mut before, mut rode) = (None, false);
        loop {
            let intent =
                self.change(&item.leased, DeliveryState::Leased, DeliveryState::Sending, None);
            let asked = self.floor.ask(before.take(), intent).await;
            let filled = if rode { self.fill(&item.letter).await } else { Ok(()) };
            self.prepare().await?;
            if !self.is_granted(asked, &item.leased).await? {
                return Ok(true);
            }
            item.leased.attempts += 1;
            let (completion, ride) = match filled {
                Ok(()) => self.hand_over().await,
                Err(failure) => (Completion::NotSent(failure), None),
            };
            let verdict = verdict_after_dot(&completion);
            let result = self.result(&item.leased, DeliveryState::Sending, verdict).await?;
            match (ride, self.next.take()) {
                (Some(Ok(())), Some(next)) if !self.floor.shelf.is_held(next.leased.issue) => {
                    self.carried += 1;
                    self.strikes = 0;
                    (before, item, rode) = (Some(result), next, true);
                }
                (ride, next) => {
                    self.next = next;
                    self.floor.hand_in_result(result).await?;
                    return self.after(completion, ride).await;
                }
            }
        }
    }

    /// Waits for the intent. When it is not granted, what was begun is abandoned.
    async fn is_granted(
        &mut self,
        asked: Result<super::recorder::Pending, Error>,
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
        self.abandon().await;
        granted?;
        self.refused_intent(leased).await?;
        Ok(false)
    }

    /// The text of a letter whose envelope rode; a stop gives it ten seconds.
    async fn fill(&mut self, letter: &Outgoing) -> Result<(), Failure> {
        let floor = self.floor.clone();
        let gone = |why| Err(Failure::without_reply(Phase::Body, why));
        let Some(connection) = &mut self.connection else { return gone("no connection") };
        tokio::select! {
            filled = connection.fill(letter) => filled,
            () = grace_is_over(&floor) => gone("the run was stopped before the letter was out"),
        }
    }

    /// The dot, with the next envelope behind it, and the answers.
    async fn hand_over(&mut self) -> (Completion, Option<Result<(), Failure>>) {
        let Some(connection) = &mut self.connection else {
            let gone = Failure::without_reply(Phase::Body, "no connection");
            return (Completion::NotSent(gone), None);
        };
        let pending = connection.finish(self.next.as_ref().map(|next| &next.letter)).await;
        self.floor.pass(Point::AfterDot);
        let heard = connection.hear(pending).await;
        self.floor.pass(Point::AfterReply);
        heard
    }

    /// What becomes of the connection, and of the letter whose envelope rode in vain, once no
    /// text can follow; `false`: the lane ends.
    async fn after(
        &mut self,
        completion: Completion,
        ride: Option<Result<(), Failure>>,
    ) -> Result<bool, Error> {
        let usable = self.connection.as_ref().is_some_and(Connection::is_usable);
        match (ride, completion) {
            // It was begun, and its issue is held by now.
            (Some(Ok(())), _) => self.abandon().await,
            (Some(Err(failure)), _) => {
                if usable || !failure.is_lost() {
                    self.refuse_next(&failure).await?;
                }
                if !usable {
                    self.abandon().await;
                }
            }
            (None, _) if usable => self.strikes = 0,
            (None, Completion::Replied(_)) => self.close().await,
            (None, Completion::Lost(why) | Completion::NotSent(Failure { text: why, .. })) => {
                self.abandon().await;
                self.strikes += 1;
                return Ok(self.goes_on(&why));
            }
        }
        Ok(true)
    }

    /// Settles the letter whose envelope was refused behind a dot.
    async fn refuse_next(&mut self, failure: &Failure) -> Result<(), Error> {
        let Some(next) = self.next.take() else { return Ok(()) };
        self.settle(&next.leased, DeliveryState::Leased, verdict_before_dot(failure)).await
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

    /// Hands in what a verdict means for the delivery. Nobody waits for it: the recorder keeps the
    /// order, so that the next intent of this lane is never on record before it.
    async fn settle(
        &self,
        leased: &Leased,
        from: DeliveryState,
        verdict: Verdict,
    ) -> Result<(), Error> {
        let result = self.result(leased, from, verdict).await?;
        self.floor.hand_in_result(result).await
    }

    /// What a verdict means for the delivery. A refusal about the sender holds the issue.
    async fn result(
        &self,
        leased: &Leased,
        from: DeliveryState,
        verdict: Verdict,
    ) -> Result<Entry, Error> {
        let to = |state, why: &str| self.change(leased, from, state, Some(masked(why)));
        let mut because = Because::Said;
        let change = match verdict {
            Verdict::Accepted(reply) => to(DeliveryState::Sent, &reply.to_string()),
            Verdict::Never(why) => to(DeliveryState::Failed, &why),
            Verdict::Unknown(why) => to(DeliveryState::Uncertain, &why),
            Verdict::Later(why) => {
                let seed = leased.id.unsigned_abs();
                match next_attempt(leased.attempts, leased.opened, self.floor.now(), seed) {
                    Some(at) => Move { not_before: Some(at), ..to(DeliveryState::Ready, &why) },
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
        Move { id: leased.id, from, to, at: self.floor.now(), not_before: None, reply }
    }

    async fn abandon(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.abandon().await;
        }
    }

    async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
    }
}

fn is_ours(failure: &Failure) -> bool {
    matches!(verdict_before_dot(failure), Verdict::Ours(_))
}

async fn grace_is_over(floor: &Floor) {
    floor.stopped().await;
    tokio::time::sleep(GRACE).await;
}
