#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/net/dns_client.h"
#include "adapters/net/task.h"
#include "base/result.h"
#include "base/time.h"

namespace farshore::net {

// Remembers what names resolved to, as an honest client does: an answer holds for its TTL (at least
// one second), then the server is asked again. When it then has no answer, the old addresses stay
// in use, because connections made with them live on as well: a name that is emptied on purpose
// does not stop clients that have already connected. A probe that has to know whether the name
// works now asks `fresh`: always a new question, and a failure is a failure.
class NameCache {
  public:
    NameCache() : state_(std::make_shared<State>()) {}

    // Errors are those of DnsClient::resolve, and timed_out after `patience`; never with an effect.
    [[nodiscard]] Task<Result<std::vector<std::string>>> lookup(
        DnsClient* resolver, std::string name, bool fresh, Duration patience
    );

  private:
    struct Known {
        std::vector<std::string> addresses;
        std::chrono::steady_clock::time_point ask_again;
    };

    struct State {
        std::map<std::string, Known> names;
    };

    static Task<Result<std::vector<std::string>>> look_up(
        std::shared_ptr<State> state,
        DnsClient* resolver,
        std::string name,
        bool fresh,
        Duration patience
    );

    std::shared_ptr<State> state_;
};

}  // namespace farshore::net
