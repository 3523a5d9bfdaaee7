//! What survives a crash of a streams group, besides its members.

use super::config::AssignmentConfig;
use super::description::Description;
use super::tasks::count;
use super::topology::Topology;
use crate::codec::{DecodeError, Input, Output};
use std::sync::Arc;

/// A streams group without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Grows with everything that a new assignment follows from.
    pub(super) epoch: i32,
    pub(super) topology: Arc<Topology>,
    /// The epoch of the topology if all its topics are there and fit, else -1.
    pub(super) validated_topology_epoch: i32,
    /// Tells what the topics looked like.
    pub(super) fingerprint: u64,
    /// The epoch of the group that the assignment is for.
    pub(super) assignment_epoch: i32,
    /// What the assignment was made with.
    pub(super) assignment: AssignmentConfig,
    /// How the application draws its topology, and for which epoch of it.
    pub(super) description: Option<(i32, Arc<Description>)>,
}

impl Stored {
    /// A group whose first member is about to join.
    pub(super) fn new(topology: Topology) -> Self {
        Self {
            epoch: FIRST_EPOCH,
            topology: Arc::new(topology),
            validated_topology_epoch: NOT_VALIDATED,
            fingerprint: 0,
            assignment_epoch: FIRST_EPOCH,
            assignment: AssignmentConfig::default(),
            description: None,
        }
    }

    pub(in crate::group) fn encode(&self, output: Output) -> Output {
        let Self {
            epoch,
            topology,
            validated_topology_epoch,
            fingerprint,
            assignment_epoch,
            assignment,
            description,
        } = self;
        let AssignmentConfig { standby_replicas, rack_aware_tags } = assignment;
        let output = output
            .int(*epoch)
            .int(*validated_topology_epoch)
            .long(fingerprint.cast_signed())
            .int(*assignment_epoch)
            .int(count(*standby_replicas))
            .int(count(rack_aware_tags.len()));
        let output = rack_aware_tags.iter().fold(output, |output, tag| output.text(tag));
        let output = topology.encode(output);
        match description {
            Some((epoch, description)) => description.encode(output.byte(1).int(*epoch)),
            None => output.byte(0),
        }
    }

    pub(in crate::group) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let (epoch, validated_topology_epoch) = (input.int()?, input.int()?);
        let fingerprint = input.long()?.cast_unsigned();
        let assignment_epoch = input.int()?;
        let standby_replicas = usize::try_from(input.int()?).unwrap_or_default();
        let tags = input.int()?;
        let rack_aware_tags = (0..tags).map(|_| input.text()).collect::<Result<_, _>>()?;
        let topology = Arc::new(Topology::decode(input)?);
        let description = match input.byte()? {
            0 => None,
            1 => Some((input.int()?, Arc::new(Description::decode(input)?))),
            other => return Err(DecodeError::Unknown(other)),
        };
        Ok(Self {
            epoch,
            topology,
            validated_topology_epoch,
            fingerprint,
            assignment_epoch,
            assignment: AssignmentConfig { standby_replicas, rack_aware_tags },
            description,
        })
    }
}

/// Kafka's first epoch of a streams group is 2: its first member makes it of this.
const FIRST_EPOCH: i32 = 1;
pub(super) const NOT_VALIDATED: i32 = -1;
