#include "dataplane/region_pool.h"

#include <algorithm>
#include <utility>

namespace farshore::dataplane {

namespace {

// One failure may be the end of a connection that was just being opened when the Region let go of
// all; the next attempt follows at once.
constexpr int kFailuresForgiven = 1;
// Between attempts after more failures: quick enough to notice a recovery, slow enough not to
// hammer a Region that refuses.
constexpr Duration kPauseAfterFailure = std::chrono::milliseconds{200};
// A burst's connections are given back after this.
constexpr Duration kIdleAboveMinimum = std::chrono::seconds{30};

std::string authority_of(const Upstream& upstream) {
    const std::uint16_t usual = upstream.tls ? 443 : 80;
    const bool ipv6 = upstream.host.contains(':');
    const std::string host = ipv6 ? "[" + upstream.host + "]" : upstream.host;
    return upstream.port == usual ? host : host + ":" + std::to_string(upstream.port);
}

}  // namespace

bool is_our_own_lack(const Error& error) {
    return error.kind == ErrorKind::exhausted || error.kind == ErrorKind::malformed;
}

RegionPool::RegionPool(Environment environment, PoolListener& listener)
    : environment_(std::move(environment)),
      listener_(&listener),
      authority_(authority_of(*environment_.upstream)),
      path_(environment_.upstream->path + "/"),
      addresses_(environment_.upstream->addresses) {}

UpstreamConnection* RegionPool::hand_out(UpstreamConnection* connection) {
    connection->since = *environment_.now;
    count();
    return connection;
}

UpstreamConnection* RegionPool::take() {
    while (!idle_.empty()) {
        UpstreamConnection* connection = idle_.back();
        idle_.pop_back();
        if (connection->usable()) {
            return hand_out(connection);
        }
        connection->close();
        retire(*connection);
    }
    count();
    return nullptr;
}

UpstreamConnection* RegionPool::take_oldest() {
    while (!idle_.empty()) {
        UpstreamConnection* connection = idle_.front();
        idle_.erase(idle_.begin());
        if (connection->usable()) {
            return hand_out(connection);
        }
        connection->close();
        retire(*connection);
    }
    return nullptr;
}

bool RegionPool::demand(std::size_t waiting) {
    while (connecting_.size() < waiting && connections_.size() < connections_max()) {
        if (*environment_.now < retry_at_ || !open()) {
            break;
        }
    }
    // After a first failure that came at once, one more attempt.
    if (connections_.empty() && *environment_.now >= retry_at_ && waiting > 0) {
        open();
    }
    count();
    return !connections_.empty();
}

Result<std::unique_ptr<UpstreamConnection>> RegionPool::open_apart(ConnectionOwner& owner) {
    if (addresses_.empty()) {
        return fail(ErrorKind::unavailable, "the name does not resolve: " + upstream().host);
    }
    const std::string address = addresses_[next_address_++ % addresses_.size()];
    auto stream = Stream::connect({
        .address = address,
        .port = upstream().port,
        .source_address = environment_.source_address,
        .server_name = upstream().host,
        .tls = environment_.tls,
    });
    if (!stream) {
        note_means(stream.error());
        return std::unexpected(stream.error());
    }
    environment_.counters->connections_opened.add();
    auto connection = std::make_unique<UpstreamConnection>(
        std::move(*stream), *environment_.poller, environment_.scratch, owner
    );
    connection->since = *environment_.now;
    if (Status watched = connection->begin(); !watched) {
        note_means(watched.error());
        return std::unexpected(watched.error());
    }
    lacks_means_ = false;
    return connection;
}

void RegionPool::note_means(const Error& error) {
    lacks_means_ = is_our_own_lack(error);
    if (lacks_means_) {
        environment_.counters->failed_here.add();
    }
}

bool RegionPool::open() {
    auto connection = open_apart(*this);
    if (!connection) {
        if (is_our_own_lack(connection.error())) {
            pause_after_failures();
        } else {
            note_failure(connection.error().text);
        }
        return false;
    }
    UpstreamConnection* raw = connection->get();
    connecting_.push_back(raw);
    connections_.emplace(raw, std::move(*connection));
    return true;
}

void RegionPool::adopt(std::unique_ptr<UpstreamConnection> connection) {
    if (idle_.size() >= environment_.limits->idle_connections_min ||
        connections_.size() >= environment_.limits->connections_max) {
        connection->close();
        useless_.push_back(std::move(connection));
        return;
    }
    UpstreamConnection* raw = connection.get();
    raw->set_owner(*this);
    connections_.emplace(raw, std::move(connection));
    became_free(*raw);
    listener_->connection_available(environment_.index);
}

void RegionPool::set_addresses(std::vector<std::string> addresses) {
    addresses_ = std::move(addresses);
    next_address_ = 0;
    failures_in_a_row_ = 0;
    retry_at_ = *environment_.now;
}

void RegionPool::tick() {
    const Instant now = *environment_.now;
    while (!connecting_.empty() &&
           now - connecting_.front()->since > environment_.limits->connect_timeout) {
        UpstreamConnection* connection = connecting_.front();
        connection->close();
        connect_failed(*connection, "connect: no answer");
    }
    const std::size_t wanted = environment_.limits->idle_connections_min;
    if (idle_.size() > wanted && now - idle_.front()->since > kIdleAboveMinimum) {
        UpstreamConnection* connection = idle_.front();
        idle_.erase(idle_.begin());
        connection->close();
        retire(*connection);
    }
    while (idle_.size() + connecting_.size() < wanted && now >= retry_at_ &&
           connections_.size() < connections_max() && open()) {
    }
    count();
}

void RegionPool::connected(UpstreamConnection& connection) {
    std::erase(connecting_, &connection);
    failures_in_a_row_ = 0;
    became_free(connection);
    listener_->connection_available(environment_.index);
}

void RegionPool::connect_failed(UpstreamConnection& connection, std::string_view why) {
    std::erase(connecting_, &connection);
    retire(connection);
    note_failure(why);
    listener_->connecting_failed(
        environment_.index, connections_.empty() && failures_in_a_row_ > kFailuresForgiven
    );
}

void RegionPool::pause_after_failures() {
    if (++failures_in_a_row_ > kFailuresForgiven) {
        retry_at_ = *environment_.now + kPauseAfterFailure;
    }
}

void RegionPool::note_failure(std::string_view why) {
    pause_after_failures();
    environment_.counters->failed(Path::fresh, *environment_.now, why);
}

void RegionPool::became_free(UpstreamConnection& connection) {
    connection.since = *environment_.now;
    idle_.push_back(&connection);
    count();
}

void RegionPool::became_useless(UpstreamConnection& connection) {
    std::erase(idle_, &connection);
    retire(connection);
}

void RegionPool::retire(UpstreamConnection& connection) {
    if (auto node = connections_.extract(&connection); !node.empty()) {
        useless_.push_back(std::move(node.mapped()));
    }
    count();
}

void RegionPool::count() {
    environment_.counters->connections_idle.set(idle_.size());
    environment_.counters->connections_busy.set(
        connections_.size() - idle_.size() - connecting_.size()
    );
}

}  // namespace farshore::dataplane
