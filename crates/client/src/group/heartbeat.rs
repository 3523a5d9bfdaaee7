//! Tells the coordinator that the member is alive, and hears from it that the group rebalances.

use super::GroupOptions;
use crate::client::{Client, CoordinatorKind};
use crate::error::RequestError;
use ottla_wire::ErrorCode;
use ottla_wire::message::HeartbeatRequest;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the coordinator says of the member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// All is well.
    Good,
    /// Join again, as the same member.
    Rebalance,
    /// Join again, as a new member.
    Unknown,
    /// Another member has the instance id.
    Fenced,
}

/// The task, until it is dropped.
pub(super) struct Heartbeat {
    health: watch::Receiver<Health>,
    task: JoinHandle<()>,
}

impl Heartbeat {
    pub(super) fn start(client: Client, options: Arc<GroupOptions>, member: (String, i32)) -> Self {
        let (tell, health) = watch::channel(Health::Good);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(options.heartbeat).await;
                match beat(&client, &options, &member).await {
                    Ok(Health::Good) => {}
                    Ok(health) => {
                        tell.send_replace(health);
                        // Nothing changes for the better under this generation.
                        return std::future::pending().await;
                    }
                    // The coordinator counts the time; when it is up, it says so.
                    Err(error) => {
                        tracing::debug!(%error, group = options.group_id, "a heartbeat was not heard")
                    }
                }
            }
        });
        Self { health, task }
    }

    /// Resolves when the member has to do something. Cancel safe.
    pub(super) async fn trouble(&mut self) -> Health {
        match self.health.wait_for(|health| *health != Health::Good).await {
            Ok(health) => *health,
            Err(_) => Health::Unknown,
        }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn beat(
    client: &Client,
    options: &GroupOptions,
    (member, generation): &(String, i32),
) -> Result<Health, RequestError> {
    let connection = client.coordinator(CoordinatorKind::Group, &options.group_id).await?;
    let request = HeartbeatRequest {
        group_id: options.group_id.as_str().into(),
        generation_id: *generation,
        member_id: member.as_str().into(),
        group_instance_id: options.instance_id.as_deref().map(Into::into),
    };
    let response = connection.call(&request).await?;
    Ok(match response.error_code {
        ErrorCode::REBALANCE_IN_PROGRESS => Health::Rebalance,
        ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::ILLEGAL_GENERATION => Health::Unknown,
        ErrorCode::FENCED_INSTANCE_ID => Health::Fenced,
        // Others pass, or the session ends.
        _ => Health::Good,
    })
}
