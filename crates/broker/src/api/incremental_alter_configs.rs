//! IncrementalAlterConfigs, key 44, versions 0–1: sets, deletes, extends and shortens single settings.
//!
//! - What it may alter: TOPIC by name, BROKER by number, BROKER with an empty name for the default of all brokers.
//!   GROUP by id, also of a group that does not exist. Loggers and client metrics are refused.
//! - All changes of one resource happen together or not at all. A resource that comes twice is INVALID_REQUEST.
//! - A change of a topic or group is in force when the answer is sent.
//! - Differs from Apache Kafka: a group's lists can be appended to and subtracted from, like all others.

use super::refused::Refused;
use super::resource::Resource;
use super::{Api, Context};
use crate::config::{Alteration, Operation, alter};
use ottla_wire::message::incremental_alter_configs_request::AlterConfigsResource;
use ottla_wire::message::incremental_alter_configs_response::AlterConfigsResourceResponse;
use ottla_wire::message::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=1;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(
    context: Context,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let mut times: BTreeMap<(i8, &str), u32> = BTreeMap::new();
    for asked in &request.resources {
        *times.entry((asked.resource_type, &asked.resource_name)).or_default() += 1;
    }
    let mut responses = Vec::with_capacity(request.resources.len());
    for asked in &request.resources {
        let is_repeated =
            times.get(&(asked.resource_type, &*asked.resource_name)).is_some_and(|&times| times > 1);
        let outcome = if is_repeated {
            Err(Refused::request("the request names this resource more than once: name it once"))
        } else {
            change(&context, asked, request.validate_only).await
        };
        let (error_code, error_message) = Refused::fields(outcome);
        responses.push(AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type: asked.resource_type,
            resource_name: asked.resource_name.clone(),
        });
    }
    IncrementalAlterConfigsResponse { responses, ..Default::default() }
}

async fn change(context: &Context, asked: &AlterConfigsResource, validate_only: bool) -> Result<(), Refused> {
    let resource = Resource::find(context, asked.resource_type, &asked.resource_name)?;
    let mut alterations = Vec::with_capacity(asked.configs.len());
    for config in &asked.configs {
        alterations.push(Alteration {
            name: config.name.to_string(),
            operation: operation(config.config_operation)?,
            value: config.value.as_ref().map(ToString::to_string),
        });
    }
    let current = resource.overrides(context);
    let inherited = |key| resource.inherited(context, key);
    let after = alter(resource.table(), &current, &alterations, inherited)?;
    resource.replace(context, after, validate_only).await
}

fn operation(code: i8) -> Result<Operation, Refused> {
    Ok(match code {
        0 => Operation::Set,
        1 => Operation::Delete,
        2 => Operation::Append,
        3 => Operation::Subtract,
        other => {
            return Err(Refused::request(format!(
                "operation {other} does not exist: use 0 set, 1 delete, 2 append or 3 subtract"
            )));
        }
    })
}
