//! The crew of a round: children that are started together, some of them to die.

use std::{
    fs::File,
    process::{Child, ExitStatus},
    time::Duration,
};

use super::{Error, ground::Ground, system};

/// How often children are looked at.
const GLANCE: Duration = Duration::from_micros(100);

/// How a child dies.
#[derive(Clone, Debug)]
pub(super) enum Death {
    /// By its own hand, at the passage of a point.
    At(String),
    /// From outside, so long after so many letters were taken.
    Instant(usize, Duration),
}

/// What became of a crew.
#[derive(Debug, Default)]
pub(super) struct Fate {
    /// Letters taken of this crew when each of those died.
    pub(super) died: Vec<usize>,
    /// Whether somebody ended with letters left behind.
    pub(super) left_some: bool,
}

struct Hand {
    child: Child,
    /// When it is to be killed.
    death: Option<(usize, Duration)>,
    said: File,
}

/// Children at work.
pub(super) struct Crew<'a> {
    ground: &'a Ground,
    /// Letters that the sink had taken before.
    before: usize,
    hands: Vec<Hand>,
}

impl<'a> Crew<'a> {
    /// Starts one child for each fate in `deaths`, as if so much later.
    pub(super) fn start(
        ground: &'a Ground,
        deaths: &[Option<Death>],
        later: Duration,
    ) -> Result<Self, Error> {
        let before = ground.sink.taken();
        let hands = deaths.iter().map(|death| Hand::start(ground, death.as_ref(), later));
        let hands = hands.collect::<Result<_, Error>>()?;
        Ok(Self { ground, before, hands })
    }

    /// Sees all of them end, or die. `seed` stands in the complaint about one that failed.
    pub(super) fn end(mut self, seed: u64) -> Result<Fate, Error> {
        let mut fate = Fate::default();
        while !self.hands.is_empty() {
            let taken = self.ground.sink.taken() - self.before;
            let mut at_work = Vec::new();
            for mut hand in std::mem::take(&mut self.hands) {
                match hand.look(taken)? {
                    None => at_work.push(hand),
                    Some(status) => hand.ended(status, taken, (seed, &mut fate))?,
                }
            }
            self.hands = at_work;
            std::thread::sleep(GLANCE);
        }
        Ok(fate)
    }
}

impl Drop for Crew<'_> {
    fn drop(&mut self) {
        for hand in &mut self.hands {
            // It may have ended meanwhile.
            let _ = hand.child.kill();
            let _ = hand.child.wait();
        }
    }
}

impl Hand {
    fn start(ground: &Ground, death: Option<&Death>, later: Duration) -> Result<Self, Error> {
        let said = tempfile::tempfile().map_err(system("make a temporary file"))?;
        let stderr = said.try_clone().map_err(system("share a temporary file"))?;
        let (point, death) = match death {
            Some(Death::At(point)) => (Some(point.as_str()), None),
            Some(Death::Instant(goal, pause)) => (None, Some((*goal, *pause))),
            None => (None, None),
        };
        let child = ground.child(point, later, stderr)?;
        Ok(Self { child, death, said })
    }

    /// Kills it if its time has come; tells how it ended, if it has.
    fn look(&mut self, taken: usize) -> Result<Option<ExitStatus>, Error> {
        if let Some((_, pause)) = self.death.take_if(|(goal, _)| taken >= *goal) {
            std::thread::sleep(pause);
            self.child.kill().map_err(system("kill a child"))?;
        }
        self.child.try_wait().map_err(system("look at a child"))
    }

    fn ended(
        mut self,
        status: ExitStatus,
        taken: usize,
        (seed, fate): (u64, &mut Fate),
    ) -> Result<(), Error> {
        match status.code() {
            None => fate.died.push(taken),
            Some(0) => {}
            Some(3) => fate.left_some = true,
            Some(_) => return Err(Error::Child { seed, status, said: self.said()? }),
        }
        Ok(())
    }

    fn said(&mut self) -> Result<String, Error> {
        use std::io::{Read as _, Seek as _};
        let mut said = String::new();
        let read = self.said.rewind().and_then(|()| self.said.read_to_string(&mut said));
        read.map(|_| said).map_err(system("hear a child"))
    }
}
