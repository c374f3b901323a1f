#include "agent/verifier.h"

#include <utility>

#include "core/host/write_wait.h"

namespace farshore::agent {

aws::Item key_of_host(const HostId& host, std::string_view purpose) {
    aws::Item key;
    key["id"] = aws::string_attribute(std::string{purpose} + "#" + host.value());
    return key;
}

Verifier::Verifier(
    const ports::Clock& clock, aws::AwsClient& own, AppGate& gate, HostId host, std::uint64_t seed
)
    : clock_(&clock), own_(own), gate_(&gate), host_(std::move(host)), rng_(seed) {}

net::Task<Result<Duration>> Verifier::prove_write(Duration patience) {
    const core::WriteWait wait(clock_->now(), patience);
    using Turn = core::WriteWait::Turn;
    for (Turn turn{}; (turn = wait.look(clock_->now(), gate_->machine())) != Turn::goes_out;) {
        if (turn == Turn::given_up) {
            const std::string why =
                "this host may not write: " + std::string{gate_->last_change().why};
            co_return fail(ErrorKind::denied, why);
        }
        co_await gate_->changed().wait(gate_->changed().generation(), core::WriteWait::kLookEvery);
    }
    const Instant started = clock_->now();
    const RegionId region = gate_->machine().route()->active;
    const std::string nonce = std::to_string(rng_.next());
    aws::PutItem put{.table = gate_->app().heartbeat_table};
    put.item = key_of_host(host_, "verify");
    put.item["nonce"] = aws::string_attribute(nonce);
    put.item["at_ms"] = aws::number_attribute(to_ms(clock_->wall()));
    const aws::CallOptions options{
        .total_timeout = wait.left(started), .attempts_max = 3, .idempotent = true
    };
    const Result<std::optional<aws::Item>> written = co_await own_.put_item(region, put, options);
    if (!written) {
        co_return std::unexpected(in_context("write through the own endpoint", written.error()));
    }
    aws::GetItem get{.table = gate_->app().heartbeat_table, .consistent = true};
    get.key = key_of_host(host_, "verify");
    const Result<std::optional<aws::Item>> read = co_await own_.get_item(region, get, options);
    if (!read) {
        co_return std::unexpected(in_context("read through the own endpoint", read.error()));
    }
    if (!*read || aws::string_of(**read, "nonce") != nonce) {
        co_return fail(ErrorKind::conflict, "what was read back is not what was written");
    }
    co_return clock_->now() - started;
}

net::Task<Result<Duration>> Verifier::prove_read(TableName table, bool fresh, Duration patience) {
    const Instant started = clock_->now();
    const RegionId region =
        gate_->machine().route() ? gate_->machine().route()->active : gate_->app().regions.front();
    aws::GetItem get{.table = std::move(table)};
    get.key = key_of_host(host_, "health");
    const aws::CallOptions options{
        .total_timeout = patience, .attempts_max = 1, .fresh_connection = fresh
    };
    const Result<std::optional<aws::Item>> read = co_await own_.get_item(region, get, options);
    // "Malformed" is DynamoDB's word about our guess of the key: it served us all the same.
    if (!read && read.error().kind != ErrorKind::malformed) {
        co_return std::unexpected(read.error());
    }
    co_return clock_->now() - started;
}

}  // namespace farshore::agent
