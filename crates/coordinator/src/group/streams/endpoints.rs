//! Where to ask for state: which member has which partitions, for interactive queries.

use super::Group;
use super::member::Member;
use super::tasks::TaskId;
use crate::group::catalog::Catalog;
use ottla_wire::Str;
use ottla_wire::message::streams_group_heartbeat_response::{Endpoint, EndpointToPartitions, TopicPartition};
use std::collections::BTreeMap;

impl Group {
    /// Of every member that can be asked, what it has.
    pub(super) fn endpoints(&self, catalog: &Catalog) -> Vec<EndpointToPartitions> {
        self.members.values().filter_map(|member| self.endpoint(member, catalog)).collect()
    }

    fn endpoint(&self, member: &Member, catalog: &Catalog) -> Option<EndpointToPartitions> {
        let endpoint = member.endpoint.as_ref()?;
        let (active, standby) = (member.assigned.active.keys(), member.assigned.standby.iter());
        Some(EndpointToPartitions {
            user_endpoint: Endpoint { host: endpoint.host.clone(), port: endpoint.port },
            active_partitions: self.partitions(active, catalog),
            standby_partitions: self.partitions(standby, catalog),
        })
    }

    /// What the tasks read. A topic with fewer partitions than its subtopology has tasks is not read by the last ones.
    fn partitions<'a>(
        &self,
        tasks: impl Iterator<Item = &'a TaskId>,
        catalog: &Catalog,
    ) -> Vec<TopicPartition> {
        let mut topics = BTreeMap::<&Str, Vec<i32>>::new();
        for task in tasks {
            let Some(part) = self.stored.topology.subtopologies.get(&task.subtopology) else { continue };
            for topic in part.inputs() {
                if catalog.topic(topic).is_some_and(|known| task.partition.0 < known.partitions) {
                    topics.entry(topic).or_default().push(task.partition.0);
                }
            }
        }
        let of = |(topic, partitions): (&Str, Vec<i32>)| TopicPartition { topic: topic.clone(), partitions };
        topics.into_iter().map(of).collect()
    }
}
