#include <utility>

#include "adapters/aws/credentials_source.h"
#include "adapters/net/child_process.h"

namespace farshore::aws {
namespace {

using namespace std::chrono_literals;

// Some ask a smart card or a vault; longer than this no request should wait for keys.
constexpr Duration kPatience = 10s;
constexpr std::size_t kOutputMax = std::size_t{64} << 10U;

class ProcessOutput final : public CredentialsSource {
  public:
    ProcessOutput(CredentialsEdge edge, std::string command)
        : edge_(edge), command_(std::move(command)) {}

    // Not the command itself: people write secrets into commands.
    [[nodiscard]] std::string name() const override { return "the profile's credential_process"; }

    net::Task<Result<sigv4::Credentials>> fetch() override {
        // What it says beside its output may name secrets.
        const net::ProcessEnd end = co_await net::run_process(
            *edge_.io,
            {.run = {"/bin/sh", "-c", command_},
             .environment = {},
             .input = {},
             .timeout = kPatience,
             .output_bytes_max = kOutputMax + 1,
             .with_errors = false}
        );
        if (end.how == net::ProcessEnd::How::not_started) {
            co_return fail(ErrorKind::exhausted, "the credential_process could not be started");
        }
        if (end.how == net::ProcessEnd::How::timed_out) {
            co_return fail(ErrorKind::timed_out, "the credential_process did not end in time");
        }
        if (end.output.size() > kOutputMax) {
            co_return fail(ErrorKind::malformed, "the credential_process says too much");
        }
        if (end.how == net::ProcessEnd::How::killed || end.status != 0) {
            co_return fail(
                ErrorKind::denied,
                "the credential_process ended with " + std::to_string(end.status),
                "Run it by hand as the service's user."
            );
        }
        co_return credentials_from_json(end.output);
    }

  private:
    CredentialsEdge edge_;
    std::string command_;
};

}  // namespace

std::unique_ptr<CredentialsSource> process_output(CredentialsEdge edge, std::string command) {
    return std::make_unique<ProcessOutput>(edge, std::move(command));
}

}  // namespace farshore::aws
