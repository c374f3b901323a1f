#include "dataplane/prober.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "core/evidence/probe_round.h"

#include "dataplane/service_code.h"

namespace farshore::dataplane {

namespace {

// As much of an answer as a refusal has.
constexpr std::size_t kRefusalMax = 4096;

}  // namespace

// One kind of probe of one Region: a loop has one connection for it, so at most one is under way.
class Prober::Run final : private AnswerReceiver, private ConnectionOwner {
  public:
    Run(const Prober& prober, Path path)
        : prober_(prober),
          path_(path),
          round_({.every = prober.environment_.limits->probe_interval}) {}

    ~Run() { give_up(); }

    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    void start() {
        if (!round_.begin(now())) {
            return;
        }
        started_ = now();
        if (path_ == Path::reused) {
            start_reused();
            return;
        }
        auto opened = pool().open_apart(*this);
        if (!opened) {
            round_.end();
            if (!is_our_own_lack(opened.error())) {
                pool().counters().failed(path_, now(), opened.error().text);
            }
            return;
        }
        own_ = std::move(*opened);
        begin(own_.get());
    }

    void tick() {
        if (running_ && now() - started_ > prober_.environment_.limits->probe_timeout) {
            give_up();
            finish_failed("no answer to a probe");
        }
    }

    void sweep() { useless_.reset(); }

  private:
    [[nodiscard]] RegionPool& pool() const { return *prober_.environment_.pool; }

    [[nodiscard]] Instant now() const { return *prober_.environment_.now; }

    [[nodiscard]] Since& mark() const {
        return pool().counters().probes[path_ == Path::fresh ? 0 : 1];
    }

    void begin(UpstreamConnection* connection) {
        connection_ = connection;
        running_ = true;
        mark().set(started_);
    }

    void start_reused() {
        UpstreamConnection* connection = pool().take_oldest();
        if (connection == nullptr) {
            round_.end();
            return;
        }
        begin(connection);
        // One that turns out to be closed proves nothing: the pool replaces it.
        if (!connection->send(
                prober_.request(), prober_.environment_.limits->probe_timeout, *this
            )) {
            end();
        }
    }

    void end() {
        if (std::exchange(running_, false)) {
            round_.end();
        }
        connection_ = nullptr;
        mark().clear();
        if (own_ != nullptr) {
            useless_ = std::move(own_);
        }
    }

    void give_up() {
        if (!running_) {
            return;
        }
        UpstreamConnection* connection = connection_;
        connection->close();
        if (own_ == nullptr) {
            pool().discard(*connection);
        }
    }

    void finish_failed(std::string_view why) {
        end();
        pool().counters().failed(path_, now(), why);
    }

    void connected(UpstreamConnection& connection) override {
        if (!connection.send(
                prober_.request(), prober_.environment_.limits->probe_timeout, *this
            )) {
            finish_failed("closed as soon as it was open");
        }
    }

    void connect_failed(UpstreamConnection& /*connection*/, std::string_view why) override {
        finish_failed(why);
    }

    void became_free(UpstreamConnection& /*connection*/) override { good_ = true; }

    void became_useless(UpstreamConnection& /*connection*/) override { good_ = false; }

    void answer_begins(const http1::ResponseHead& head) override {
        status_ = head.status;
        body_.clear();
        const auto date = http1::find_field(head.fields, "date");
        answered_at_ = date ? sigv4::time_from_http_date(*date) : std::nullopt;
    }

    void answer_goes_on(std::string_view bytes) override {
        body_ += bytes.substr(0, kRefusalMax - std::min(kRefusalMax, body_.size()));
    }

    void answer_pauses() override {}

    void answer_ends() override {
        const Duration latency = prober_.environment_.clock->now() - started_;
        if (std::exchange(good_, false) && own_ != nullptr) {
            pool().adopt(std::move(own_));
        }
        end();
        const std::string_view code = service_code(status_, body_);
        if (status_ >= 500) {
            pool().counters().failed(
                path_, now(), "a probe was answered " + std::to_string(status_)
            );
        } else if (sigv4::refuses_the_signer(code)) {
            pool().counters().failed(
                path_, now(), "the Region refused our signature: " + std::string{code}
            );
            if (answered_at_ && sigv4::refuses_the_date(code)) {
                prober_.environment_.writer->learn_time(
                    *answered_at_, prober_.environment_.clock->wall()
                );
            }
        } else {
            pool().counters().succeeded(path_, latency);
        }
    }

    void answer_breaks(const Breakage& breakage) override { finish_failed(breakage.why); }

    const Prober& prober_;
    Path path_;
    core::ProbeRound round_;
    bool running_ = false;
    bool good_ = false;
    int status_ = 0;
    std::string body_;
    std::optional<UtcTime> answered_at_;
    Instant started_{};
    UpstreamConnection* connection_ = nullptr;
    std::unique_ptr<UpstreamConnection> own_;      // a fresh one, not in the pool
    std::unique_ptr<UpstreamConnection> useless_;  // may still be on the stack
};

Prober::Prober(Environment environment)
    : environment_(std::move(environment)),
      payload_hash_(sigv4::sha256_hex(environment_.body)),
      fresh_(std::make_unique<Run>(*this, Path::fresh)),
      reused_(std::make_unique<Run>(*this, Path::reused)) {}

Prober::~Prober() = default;

std::string Prober::request() const {
    const http1::Fields fields{
        {.name = "x-amz-target", .value = environment_.target},
        {.name = "content-type", .value = "application/x-amz-json-1.0"},
        {.name = "user-agent", .value = "farshore-probe"},
    };
    return environment_.writer->write(
        {.fields = &fields, .body = environment_.body, .payload_hash = payload_hash_},
        environment_.pool->destination(),
        environment_.clock->wall()
    );
}

void Prober::tick() {
    fresh_->tick();
    reused_->tick();
    // Without credentials a refusal would be all that could be seen.
    if (environment_.writer->ready()) {
        reused_->start();
        fresh_->start();
    }
}

void Prober::sweep() {
    fresh_->sweep();
    reused_->sweep();
}

}  // namespace farshore::dataplane
