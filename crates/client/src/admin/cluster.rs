//! The cluster as a whole.

use super::Admin;
use crate::error::{CallError, Refused, RequestError};
use crate::metadata::Node;
use crate::options::Address;
use ottla_wire::message::{DescribeClusterRequest, MetadataRequest};

/// The cluster, as one of its brokers describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterDescription {
    /// Its id.
    pub id: String,
    /// The broker to which administrators turn.
    pub controller: Option<i32>,
    /// Its brokers.
    pub brokers: Vec<Node>,
}

impl Admin {
    /// Describes the cluster; from brokers before 2.8, which have no API for it, what Metadata says.
    ///
    /// # Errors
    /// If nobody answers, or the answer is no.
    pub async fn describe_cluster(&self) -> Result<ClusterDescription, RequestError> {
        // Endpoints of brokers; 2 would be controllers.
        let request = DescribeClusterRequest { endpoint_type: 1, ..DescribeClusterRequest::default() };
        let response = match self.client.call_any(&request).await {
            Err(CallError::Unsupported { .. }) => return self.by_metadata().await,
            response => response?,
        };
        Refused::check("cluster", response.error_code, response.error_message.as_deref())?;
        let node = |broker: &ottla_wire::message::describe_cluster_response::DescribeClusterBroker| {
            let port = u16::try_from(broker.port).ok()?;
            let rack = broker.rack.as_deref().map(str::to_owned);
            Some(Node {
                id: broker.broker_id,
                address: Address { host: broker.host.to_string(), port },
                rack,
            })
        };
        Ok(ClusterDescription {
            id: response.cluster_id.to_string(),
            controller: (0 <= response.controller_id).then_some(response.controller_id),
            brokers: response.brokers.iter().filter_map(node).collect(),
        })
    }

    async fn by_metadata(&self) -> Result<ClusterDescription, RequestError> {
        let request = MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
        let view = crate::metadata::ClusterView::from(self.client.call_any(&request).await?);
        Ok(ClusterDescription {
            id: view.cluster_id.unwrap_or_default(),
            controller: view.controller,
            brokers: view.brokers.into_values().collect(),
        })
    }
}
