#include <algorithm>

#include "base/text.h"

#include "drill/report_parts.h"

namespace farshore::drill {

namespace json = boost::json;

namespace {

bool began(UtcTime time) {
    return to_ms(time) > 0;
}

}  // namespace

Span steady_span(const StoryRecord& story) {
    // A load that is still coming up makes no requests.
    UtcTime first = story.log.empty() ? story.started : story.log.front().intended;
    for (const wire::ClientRequest& request : story.log) {
        first = std::min(first, request.intended);
    }
    return {
        .from = std::max(story.started, first),
        .until = began(story.fault_span.from) ? story.fault_span.from : story.ended
    };
}

Span failover_span(const StoryRecord& story) {
    return {
        .from = began(story.fault_span.from) ? story.fault_span.from : story.ended,
        .until = began(story.switchover_requested) ? story.switchover_requested : story.ended
    };
}

Span switchover_span(const StoryRecord& story) {
    return {
        .from = began(story.switchover_requested) ? story.switchover_requested : story.ended,
        .until = story.ended
    };
}

std::optional<Duration> lost_for(const Books& books) {
    if (books.lost_writes.empty()) {
        return std::nullopt;
    }
    const auto [first, last] =
        std::ranges::minmax_element(books.lost_writes, {}, &LostWrite::acknowledged_at);
    return last->acknowledged_at - first->acknowledged_at;
}

namespace {

class Findings {
  public:
    void add(bool bad, const std::string& text) {
        if (bad) {
            list_.push_back(json::string(text));
        }
    }

    [[nodiscard]] json::array take() { return std::move(list_); }

  private:
    json::array list_;
};

std::uint64_t lost_in(const Books& books, Span span) {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        books.lost_writes, [&](const LostWrite& write) { return span.holds(write.acknowledged_at); }
    ));
}

// Without a load that was there all the time, its silence proves nothing.
void judge_load(Findings& findings, const StoryRecord& story) {
    findings.add(!story.load_trouble.empty(), "the load: " + story.load_trouble);
    const std::uint64_t missing = missing_numbers(story.log);
    findings.add(
        missing > 0, "the shoppers' log lacks " + std::to_string(missing) + " of its requests"
    );
    const auto judge = [&](std::string_view name, Span span) {
        const std::uint64_t requests = measure_traffic(story.log, span).requests;
        const auto seconds = to_ms(Duration{span.until - span.from}) / 1000;
        findings.add(
            falls_short(requests, span, story.rate),
            "only " + std::to_string(requests) + " requests in the " + std::to_string(seconds) +
                " s of the " + std::string{name} + ", at " + std::to_string(story.rate) +
                " a second"
        );
    };
    judge("steady span", steady_span(story));
    judge("failover", failover_span(story));
    judge("switchover", switchover_span(story));
}

void judge_operations(Findings& findings, const StoryRecord& story) {
    findings.add(
        !story.fault_seen_by_agents, "the fault did not bite: no agent saw it while it lasted"
    );
    findings.add(story.failover.empty(), "no failover was started");
    findings.add(
        !story.failover.empty() && text_at(story.failover, "outcome") != "done",
        "the failover ended as " + text_at(story.failover, "outcome")
    );
    findings.add(story.switchover.empty(), "no switchover back was made");
    findings.add(
        !story.switchover.empty() && text_at(story.switchover, "outcome") != "done",
        "the switchover ended as " + text_at(story.switchover, "outcome")
    );
}

// Those that were under way when the fault began failed by it.
std::uint64_t failed_before_the_fault(const StoryRecord& story) {
    const Span steady = steady_span(story);
    return static_cast<std::uint64_t>(std::ranges::count_if(story.log, [&](const auto& request) {
        return !request.ok && steady.holds(request.intended) && steady.holds(request.ended);
    }));
}

void judge_requests(
    Findings& findings, const StoryRecord& story, const std::optional<Outage>& outage
) {
    const std::uint64_t before = failed_before_the_fault(story);
    findings.add(before > 0, std::to_string(before) + " requests failed before the fault");
    if (outage) {
        const auto rto = outage->rto();
        findings.add(!rto, "the shop did not become stable again before the switchover");
        findings.add(
            rto && *rto > story.objectives.rto,
            "RTO " + to_text(rto.value_or(Duration::zero())) + " is above its objective of " +
                to_text(story.objectives.rto)
        );
        findings.add(
            outage->failed_after_stable > 0,
            std::to_string(outage->failed_after_stable) +
                " requests failed after the shop had become stable again: a second outage"
        );
    }
    const std::uint64_t during = measure_traffic(story.log, switchover_span(story)).failed;
    findings.add(
        during > story.objectives.switchover_failed_max,
        std::to_string(during) + " requests failed during the switchover"
    );
}

void judge_data(Findings& findings, const StoryRecord& story) {
    const auto lost_span = lost_for(story.books);
    findings.add(
        lost_span && *lost_span > story.objectives.rpo,
        "writes were lost over " + to_text(lost_span.value_or(Duration::zero())) +
            ", above the RPO of " + to_text(story.objectives.rpo)
    );
    const std::uint64_t lost = lost_in(story.books, switchover_span(story));
    findings.add(
        lost > story.objectives.switchover_lost_max,
        std::to_string(lost) + " acknowledged writes of the switchover are lost"
    );
    for (const std::string& difference : story.books.differences) {
        findings.add(true, "the books do not balance: " + difference);
    }
}

}  // namespace

json::array remarks_of(const StoryRecord& story) {
    json::array remarks;
    const Books& books = story.books;
    if (books.lost > 0) {
        remarks.push_back(json::string(
            "A failover may lose what had not been replicated when the Region failed: " +
            std::to_string(books.lost) +
            (books.lost == 1 ? " acknowledged write" : " acknowledged writes") + " of " +
            std::to_string(books.acknowledged) + "; the objective allows a window of " +
            to_text(story.objectives.rpo) + "."
        ));
    }
    if (!story.loss_book_complete) {
        remarks.push_back(json::string(
            "The loss book is not whole, since a host could not tell of all its writes: what was "
            "lost is counted by reading every cart, and writes to other tables may be lost without "
            "a name."
        ));
    }
    if (books.unsettled > 0) {
        remarks.push_back(json::string(
            std::to_string(books.unsettled) +
            " writes of the loss book had no fate yet when the report was made."
        ));
    }
    return remarks;
}

json::array find_faults(const StoryRecord& story, const std::optional<Outage>& outage) {
    Findings findings;
    findings.add(!story.interrupted.empty(), "interrupted: " + story.interrupted);
    for (const BadEnd& end : story.ended_badly) {
        findings.add(true, end.text());
    }
    judge_load(findings, story);
    judge_operations(findings, story);
    judge_requests(findings, story, outage);
    judge_data(findings, story);
    return findings.take();
}

}  // namespace farshore::drill
