#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "adapters/aws/client.h"
#include "adapters/host/host_files.h"
#include "adapters/net/http_client.h"
#include "adapters/net/task_group.h"
#include "agent/blocking_pool.h"
#include "agent/signal.h"
#include "ports/clock.h"
#include "wire/config.h"
#include "wire/joining.h"

namespace farshore::agent {

// What this host shows to the controllers of one app: the credential in the file that an operator
// put there, or one that it gets by joining, with a join token or by its role in AWS. When a
// controller does not take the credential any more, the file is read again, or the host joins
// there anew, with another secret if this one was revoked. The secret is made here and is on disk
// before a controller is asked, so a join whose answer was lost is asked again. Control thread
// only.
class Membership {
  public:
    struct Parts {
        net::Io& io;
        std::shared_ptr<const ports::Clock> clock;
        net::HttpClient& http;  // to controllers
        BlockingPool& files;
        const config::AgentConfig& config;
        AppId app;
        const aws::AwsClient& aws;
        aws::CredentialsProvider& aws_keys;
    };

    // Reads what there is. Blocking; at start only. Errors: those of read_token; a damaged
    // credential of its own is no reason not to start.
    [[nodiscard]] static Result<std::unique_ptr<Membership>> open(Parts parts);

    // Empty: there is nothing to show yet.
    [[nodiscard]] const std::string& token() const { return token_; }

    [[nodiscard]] bool has_to_join_at(const std::string& url) const;
    // There is something to show to the controller at `url`; joins there if that is how.
    [[nodiscard]] net::Task<bool> ready(std::string url);

    // The controller at `url` does not take what was shown, for this reason.
    void refused(const std::string& url, std::string_view code);

    // Why there is nothing to show.
    [[nodiscard]] const std::string& why() const { return why_; }

    // For people: "token", "joined", or empty.
    [[nodiscard]] std::string state() const;

  private:
    explicit Membership(Parts parts);

    [[nodiscard]] bool joins() const {
        return !parts_.config.join_token_file.empty() || parts_.config.join_by_identity;
    }

    net::Task<Status> join(std::string url);
    net::Task<Result<wire::JoinRequest>> prove(std::string url, wire::JoinRequest request);
    net::Task<Result<std::string>> join_token();
    net::Task<Status> on_disk(std::function<Status()> work);
    net::Task<Status> keep(bool joined);
    net::Task<Result<std::string>> post(std::string url, std::string token, std::string body);
    net::Task<> read_again();

    Parts parts_;
    std::string token_;
    host::StoredCredential own_;        // when it joins
    std::set<std::string> strange_to_;  // controllers that do not know it
    std::string why_;
    bool joining_ = false;
    bool stale_ = false;  // the token was refused: its file may hold another one
    Signal file_done_;
};

}  // namespace farshore::agent
