//! Settings of groups, as clients change, see and list them.

use crate::testing::{Bench, bench, bench_in};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::describe_configs_request::DescribeConfigsResource;
use ottla_wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use ottla_wire::message::{alter_configs_request, *};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;

async fn set(bench: &Bench, group: &str, name: &str, value: Option<&str>) -> ErrorCode {
    let config = AlterableConfig {
        name: name.into(),
        config_operation: if value.is_some() { 0 } else { 1 },
        value: value.map(Into::into),
    };
    let resource =
        AlterConfigsResource { resource_type: GROUP, resource_name: group.into(), configs: vec![config] };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    let response = bench.call(&request, 1).await;
    let found = &response.responses[0];
    assert_eq!(found.error_code == ErrorCode::NONE, found.error_message.is_none());
    found.error_code
}

/// The value and the source of one key.
async fn shown(bench: &Bench, group: &str, name: &str) -> Option<(String, i8)> {
    let resource = DescribeConfigsResource {
        resource_type: GROUP,
        resource_name: group.into(),
        configuration_keys: Some(vec![name.into()]),
    };
    let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
    let response = bench.call(&request, 4).await;
    let config = response.results[0].configs.first()?;
    Some((config.value.as_deref().unwrap_or_default().to_owned(), config.config_source))
}

async fn listed(bench: &Bench, types: &[i8], version: i16) -> Result<Vec<(i8, String)>, ErrorCode> {
    let response = bench.call(&ListConfigResourcesRequest { resource_types: types.to_vec() }, version).await;
    let rows = response.config_resources.iter();
    match response.error_code {
        ErrorCode::NONE => Ok(rows.map(|row| (row.resource_type, row.resource_name.to_string())).collect()),
        error => Err(error),
    }
}

#[test]
fn groups_that_do_not_exist_have_settings_which_survive_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    bench_in(dir.path(), |bench| async move {
        assert_eq!(shown(&bench, "g", "share.delivery.count.limit").await, Some(("5".into(), 5)));
        assert_eq!(set(&bench, "g", "share.delivery.count.limit", Some("3")).await, ErrorCode::NONE);
        assert_eq!(shown(&bench, "g", "share.delivery.count.limit").await, Some(("3".into(), 8)));
        assert_eq!(shown(&bench, "h", "share.delivery.count.limit").await, Some(("5".into(), 5)));
        assert_eq!(shown(&bench, "g", "no.such.key").await, None);
    });
    bench_in(dir.path(), |bench| async move {
        assert_eq!(bench.broker.configs.group("g").share.delivery_count_limit, 3);
        assert_eq!(set(&bench, "g", "share.delivery.count.limit", None).await, ErrorCode::NONE);
        assert_eq!(shown(&bench, "g", "share.delivery.count.limit").await, Some(("5".into(), 5)));
        assert_eq!(listed(&bench, &[GROUP], 1).await, Ok(Vec::new()));
    });
}

#[test]
fn settings_of_groups_are_refused_as_apache_kafka_refuses_them() {
    bench(|bench| async move {
        let refused = [
            ("g", "share.session.timeout.ms", "70000", ErrorCode::INVALID_CONFIG),
            ("g", "share.session.timeout.ms", "abc", ErrorCode::INVALID_CONFIG),
            ("g", "nonsense.key", "1", ErrorCode::INVALID_CONFIG),
            ("", "share.session.timeout.ms", "50000", ErrorCode::INVALID_REQUEST),
        ];
        for (group, name, value, code) in refused {
            assert_eq!(set(&bench, group, name, Some(value)).await, code, "{group} {name}={value}");
        }
        assert_eq!(set(&bench, "g", "nonsense.key", None).await, ErrorCode::NONE);
        assert_eq!(shown(&bench, "", "share.session.timeout.ms").await, None);
        assert_eq!(bench.broker.configs.groups(), [""; 0]);
    });
}

#[test]
fn the_older_request_replaces_everything_that_is_set_on_a_group() {
    bench(|bench| async move {
        assert_eq!(set(&bench, "g", "queue.paused", Some("true")).await, ErrorCode::NONE);
        let config =
            alter_configs_request::AlterableConfig { name: "queue.order".into(), value: Some("key".into()) };
        let resource = alter_configs_request::AlterConfigsResource {
            resource_type: GROUP,
            resource_name: "g".into(),
            configs: vec![config],
        };
        let request = AlterConfigsRequest { resources: vec![resource], ..Default::default() };
        assert_eq!(bench.call(&request, 2).await.responses[0].error_code, ErrorCode::NONE);
        assert_eq!(shown(&bench, "g", "queue.paused").await, Some(("false".into(), 5)));
        assert_eq!(shown(&bench, "g", "queue.order").await, Some(("key".into(), 8)));
    });
}

#[test]
fn what_has_settings_is_listed_by_type() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        assert_eq!(set(&bench, "g", "queue.paused", Some("true")).await, ErrorCode::NONE);
        let node = bench.broker.node.0.to_string();
        let all = vec![
            (TOPIC, "t".to_owned()),
            (BROKER, node.clone()),
            (BROKER_LOGGER, node),
            (GROUP, "g".to_owned()),
        ];
        assert_eq!(listed(&bench, &[], 1).await, Ok(all));
        assert_eq!(listed(&bench, &[GROUP], 1).await, Ok(vec![(GROUP, "g".to_owned())]));
        assert_eq!(listed(&bench, &[CLIENT_METRICS], 1).await, Ok(Vec::new()));
        assert_eq!(listed(&bench, &[], 0).await, Ok(Vec::new()), "v0 asks for metrics subscriptions");
        for unknown in [0, 1, 3, 64] {
            assert_eq!(listed(&bench, &[unknown], 1).await, Err(ErrorCode::UNSUPPORTED_VERSION));
        }
    });
}
