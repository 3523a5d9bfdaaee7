//! AlterConfigs, key 33, versions 0–2: replaces everything that is set on a resource. What the request leaves out
//! goes back to its default; IncrementalAlterConfigs is the newer way.
//!
//! A resource or a setting that comes twice is INVALID_REQUEST, as is a setting without value.

use super::refused::Refused;
use super::resource::Resource;
use super::{Api, Context};
use crate::config::Overrides;
use ottla_wire::message::alter_configs_request::AlterConfigsResource;
use ottla_wire::message::alter_configs_response::AlterConfigsResourceResponse;
use ottla_wire::message::{AlterConfigsRequest, AlterConfigsResponse};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: AlterConfigsRequest) -> AlterConfigsResponse {
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
            replace(&context, asked, request.validate_only).await
        };
        let (error_code, error_message) = Refused::fields(outcome);
        responses.push(AlterConfigsResourceResponse {
            error_code,
            error_message,
            resource_type: asked.resource_type,
            resource_name: asked.resource_name.clone(),
        });
    }
    AlterConfigsResponse { responses, ..Default::default() }
}

async fn replace(
    context: &Context,
    asked: &AlterConfigsResource,
    validate_only: bool,
) -> Result<(), Refused> {
    let resource = Resource::find(context, asked.resource_type, &asked.resource_name)?;
    let mut after = Overrides::new();
    for config in &asked.configs {
        let Some(value) = &config.value else {
            return Err(Refused::request(format!(
                "'{}' has no value: give it one, or leave it out to go back to the default",
                config.name
            )));
        };
        if after.insert(config.name.to_string(), value.trim().to_owned()).is_some() {
            return Err(Refused::request(format!("'{}' is named more than once: name it once", config.name)));
        }
    }
    resource.replace(context, after, validate_only).await
}
