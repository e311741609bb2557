//! A lane: one connection's worth of a desk. It takes deliveries one by one and carries each from
//! offer over intent to result.
//!
//! It promises the order on which everything rests: offer, intent on record, dot, result handed
//! in. A letter whose intent is not granted (the reader left, the lease is lost) is abandoned
//! together with its connection, since a text that was begun cannot be taken back otherwise.
//!
//! A session that has carried letters may be closed by its server at any time (RFC 5321 section
//! 3.8); what fails so before the dot is offered once more on a new one. A stop lets an offer go
//! on for ten seconds and a sent dot as long as its answer takes. A relay that hangs up on three
//! connections in a row is given up, so that it cannot leave doubt after doubt.

use std::{sync::Arc, time::Duration};

use super::{
    attempt::{Completion, Failure},
    policy::{masked, next_attempt, verdict_after_dot, verdict_before_dot},
    recorder::Because,
    transport::{Connection, Outgoing},
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
    let mut lane = Lane { floor, connection: None, carried: 0, strikes: 0 };
    let worked = lane.work().await;
    if let Some(connection) = lane.connection.take() {
        connection.close().await;
    }
    worked
}

struct Lane {
    floor: Arc<Floor>,
    connection: Option<Connection>,
    /// Letters offered on this connection.
    carried: u32,
    strikes: u32,
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
        while let Some(leased) = self.floor.take().await? {
            if !self.carry(leased).await? {
                break;
            }
        }
        Ok(())
    }

    /// Carries one delivery as far as it goes; `false`: the lane ends.
    async fn carry(&mut self, leased: Leased) -> Result<bool, Error> {
        let letter = match self.letter(&leased).await {
            Ok(letter) => letter,
            Err(verdict) => {
                self.settle(&leased, DeliveryState::Leased, verdict).await?;
                return Ok(true);
            }
        };
        match self.offer(&letter).await {
            Offer::Made => self.finish(&leased).await,
            Offer::Stopped => {
                self.floor.put_back(leased).await;
                Ok(false)
            }
            Offer::Unreachable(failure) => {
                self.give_up(leased, failure).await?;
                Ok(false)
            }
            Offer::Failed(failure) => {
                let verdict = verdict_before_dot(&failure);
                self.settle(&leased, DeliveryState::Leased, verdict).await?;
                Ok(self.goes_on(&failure.text).await)
            }
        }
    }

    /// Whether the lane goes on; a relay that hangs up time after time is given up.
    async fn goes_on(&self, last: &str) -> bool {
        if self.strikes >= STRIKES {
            self.floor.give_up(last, false).await;
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
            if floor.is_closed().await {
                break;
            }
        }
        if self.floor.is_stopping() { Ok(None) } else { last.map_or(Ok(None), Err) }
    }

    /// No connection can be had: the delivery goes back, and with a refusal about the sender its
    /// issue is held.
    async fn give_up(&self, leased: Leased, failure: Failure) -> Result<(), Error> {
        let ours = is_ours(&failure);
        self.floor.give_up(&failure.text, ours).await;
        if ours {
            let verdict = Verdict::Ours(failure.text);
            return self.settle(&leased, DeliveryState::Leased, verdict).await;
        }
        self.floor.put_back(leased).await;
        Ok(())
    }

    /// From the intent to the result of a letter that was offered; `false`: the lane ends.
    async fn finish(&mut self, leased: &Leased) -> Result<bool, Error> {
        let intent = self.change(leased, DeliveryState::Leased, DeliveryState::Sending, None);
        let intent = self.floor.record(intent, Because::Said).await;
        let granted = match intent {
            Ok(pending) => pending.recorded().await.map_err(Error::from),
            Err(error) => Err(error),
        };
        if !matches!(granted, Ok(true)) {
            self.abandon().await;
            granted?;
            self.refused_intent(leased).await?;
            return Ok(true);
        }
        let Some(connection) = &mut self.connection else { return Ok(true) };
        let completion = connection.complete().await;
        let usable = connection.is_usable();
        let leased = Leased { attempts: leased.attempts + 1, ..leased.clone() };
        self.settle(&leased, DeliveryState::Sending, verdict_after_dot(&completion)).await?;
        if usable {
            self.strikes = 0;
            return Ok(true);
        }
        self.abandon().await;
        match completion {
            Completion::Replied(_) => Ok(true),
            Completion::Lost(why) | Completion::NotSent(Failure { text: why, .. }) => {
                self.strikes += 1;
                Ok(self.goes_on(&why).await)
            }
        }
    }

    /// The reader left, or the lease is another's by now.
    async fn refused_intent(&self, leased: &Leased) -> Result<(), Error> {
        if self.floor.desk.store.is_wanted(leased.id).await? {
            tracing::warn!(delivery = leased.id, "its lease was lost; nothing was handed over");
            return Ok(());
        }
        let why = Some("the reader unsubscribed".to_owned());
        let change = self.change(leased, DeliveryState::Leased, DeliveryState::Suppressed, why);
        self.floor.record(change, Because::Said).await?;
        Ok(())
    }

    /// Hands in what a verdict means for the delivery. Nobody waits for it: the recorder keeps the
    /// order, so that the next intent of this lane is never on record before it.
    async fn settle(
        &self,
        leased: &Leased,
        from: DeliveryState,
        verdict: Verdict,
    ) -> Result<(), Error> {
        let to = |state, why: &str| self.change(leased, from, state, Some(masked(why)));
        let change = match verdict {
            Verdict::Accepted(reply) => to(DeliveryState::Sent, &reply.to_string()),
            Verdict::Never(why) => to(DeliveryState::Failed, &why),
            Verdict::Unknown(why) => to(DeliveryState::Uncertain, &why),
            Verdict::Later(why) => {
                let seed = leased.id.unsigned_abs();
                match next_attempt(leased.opened, self.floor.now(), seed) {
                    Some(at) => Move { not_before: Some(at), ..to(DeliveryState::Ready, &why) },
                    None => to(DeliveryState::Failed, &format!("lifetime: {why}")),
                }
            }
            Verdict::Ours(why) => {
                self.floor.hold(leased.issue, &why).await?;
                let change = to(DeliveryState::Ready, &why);
                self.floor.record(change, Because::Held).await?;
                return Ok(());
            }
        };
        self.floor.record(change, Because::Said).await?;
        Ok(())
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
}

fn is_ours(failure: &Failure) -> bool {
    matches!(verdict_before_dot(failure), Verdict::Ours(_))
}

async fn grace_is_over(floor: &Floor) {
    floor.stopped().await;
    tokio::time::sleep(GRACE).await;
}
