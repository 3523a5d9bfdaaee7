//! ListTransactions, key 66, versions 0–2: which transactional ids there are (KIP-664).
//!
//! - Filters for states and producer ids. A state that Kafka does not have is named in the answer; if it has none of
//!   those asked for, nothing passes.
//! - v1: only what began longer ago than the duration (KIP-994). v2: a pattern that the whole id must match (KIP-1152),
//!   in the syntax that Kafka's RE2 and Rust have in common; INVALID_REGULAR_EXPRESSION if it has none.

use super::{Api, Context};
use ottla_base::ProducerId;
use ottla_base::limits::PATTERN_BYTES_MAX;
use ottla_coordinator::transaction::State;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{ListTransactionsRequest, ListTransactionsResponse};
use regex_lite::{Regex, RegexBuilder};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: ListTransactionsRequest) -> ListTransactionsResponse {
    list(&context, request)
        .await
        .unwrap_or_else(|error_code| ListTransactionsResponse { error_code, ..Default::default() })
}

async fn list(
    context: &Context,
    request: ListTransactionsRequest,
) -> Result<ListTransactionsResponse, ErrorCode> {
    let pattern = pattern(request.transactional_id_pattern.as_ref())?;
    let (states, unknown_state_filters): (Vec<Str>, Vec<Str>) =
        request.state_filters.into_iter().partition(|name| State::is_name(name));
    if states.is_empty() && !unknown_state_filters.is_empty() {
        return Ok(ListTransactionsResponse { unknown_state_filters, ..Default::default() });
    }
    let producers = request.producer_id_filters.into_iter().map(ProducerId).collect();
    let transactions = &context.broker.transactions;
    let mut transaction_states =
        transactions.list(states.into_iter().collect(), producers, request.duration_filter).await?;
    transaction_states
        .retain(|listed| pattern.as_ref().is_none_or(|pattern| pattern.is_match(&listed.transactional_id)));
    Ok(ListTransactionsResponse { unknown_state_filters, transaction_states, ..Default::default() })
}

fn pattern(asked: Option<&Str>) -> Result<Option<Regex>, ErrorCode> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else { return Ok(None) };
    let whole = format!("^(?:{asked})$");
    let built = RegexBuilder::new(&whole).size_limit(PATTERN_BYTES_MAX).build();
    built.map(Some).map_err(|error| {
        tracing::debug!(pattern = %asked, %error, "a list of transactions was asked for with a pattern that is none");
        ErrorCode::INVALID_REGULAR_EXPRESSION
    })
}
