#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"

#include "dataplane/counters.h"
#include "dataplane/endpoint.h"
#include "dataplane/exchange.h"
#include "dataplane/request_writer.h"
#include "dataplane/upstream_connection.h"

namespace farshore::dataplane {

// Was a connection not opened because of this host (no descriptor or port left, a source address
// that is not ours)?
[[nodiscard]] bool is_our_own_lack(const Error& error);

class PoolListener {
  public:
    virtual void connection_available(RegionIndex region) = 0;
    // A connection could not be opened. `hopeless`: there is none left, open or opening, and this
    // was not the first failure in a row.
    virtual void connecting_failed(RegionIndex region, bool hopeless) = 0;

  protected:
    ~PoolListener() = default;
};

// The connections of one loop to one Region: kept warm also while no request needs them, so that a
// switch finds them ready. One thread.
class RegionPool final : private ConnectionOwner {
  public:
    struct Environment {
        RegionIndex index = 0;
        const Upstream* upstream = nullptr;
        const Limits* limits = nullptr;
        std::string source_address;
        const TlsContext* tls = nullptr;  // null: plain
        Poller* poller = nullptr;
        std::span<char> scratch;
        RegionCounters* counters = nullptr;
        const Instant* now = nullptr;  // the loop's clock, read once per round
    };

    RegionPool(Environment environment, PoolListener& listener);
    ~RegionPool() = default;
    RegionPool(const RegionPool&) = delete;
    RegionPool& operator=(const RegionPool&) = delete;

    // An idle connection that the Region has not closed, or null.
    [[nodiscard]] UpstreamConnection* take();
    // The one that has been idle longest.
    [[nodiscard]] UpstreamConnection* take_oldest();
    // `waiting` requests have no connection. False: there is none, and none can be opened now.
    bool demand(std::size_t waiting);

    // The last attempt to open one failed for want of something on this host (descriptors, ports).
    // That says nothing about the Region.
    [[nodiscard]] bool lacks_means() const { return lacks_means_; }

    // A connection outside the pool, for a probe that finds out whether new ones work.
    [[nodiscard]] Result<std::unique_ptr<UpstreamConnection>> open_apart(ConnectionOwner& owner);
    // Takes such a connection into the pool once it has proved good; closes it when there are
    // enough.
    void adopt(std::unique_ptr<UpstreamConnection> connection);

    // A connection that was handed out and not used.
    void give_back(UpstreamConnection& connection) { became_free(connection); }

    // A connection that was handed out and has been closed by its user.
    void discard(UpstreamConnection& connection) { retire(connection); }

    void set_addresses(std::vector<std::string> addresses);
    // Gives up slow connects and keeps the minimum warm.
    void tick();

    // Frees what has become useless. Only between rounds of events.
    void sweep() { useless_.clear(); }

    [[nodiscard]] const Upstream& upstream() const { return *environment_.upstream; }

    // Where requests to the Region go, as RequestWriter wants it.
    [[nodiscard]] RequestWriter::Destination destination() const {
        return {.region = upstream().region.value(), .authority = authority_, .path = path_};
    }

    [[nodiscard]] RegionCounters& counters() { return *environment_.counters; }

  private:
    void connected(UpstreamConnection& connection) override;
    void connect_failed(UpstreamConnection& connection, std::string_view why) override;
    void became_free(UpstreamConnection& connection) override;
    void became_useless(UpstreamConnection& connection) override;

    [[nodiscard]] std::size_t connections_max() const {
        return kKinds.size() * environment_.limits->connections_max;
    }

    bool open();
    void retire(UpstreamConnection& connection);
    void note_failure(std::string_view why);
    void pause_after_failures();
    void note_means(const Error& error);
    void count();
    [[nodiscard]] UpstreamConnection* hand_out(UpstreamConnection* connection);

    Environment environment_;
    PoolListener* listener_;
    std::string authority_;
    std::string path_;
    std::vector<std::string> addresses_;
    std::size_t next_address_ = 0;
    std::unordered_map<UpstreamConnection*, std::unique_ptr<UpstreamConnection>> connections_;
    std::vector<UpstreamConnection*> idle_;        // the most recently used last
    std::vector<UpstreamConnection*> connecting_;  // the oldest first
    std::vector<std::unique_ptr<UpstreamConnection>> useless_;
    int failures_in_a_row_ = 0;
    bool lacks_means_ = false;
    Instant retry_at_{};
};

}  // namespace farshore::dataplane
