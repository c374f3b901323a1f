#include "cli/operation_view.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/printable.h"
#include "base/text.h"

namespace farshore::cli {

namespace {

// What the plan is, and what became of each step.
std::string planned_steps(const std::vector<wire::PlanStepDocument>& steps) {
    TextTable table{{"STEP", "STATE", "WITHIN", "WHAT IT DOES"}};
    for (const wire::PlanStepDocument& step : steps) {
        table.add(
            {(step.part_of ? "  " : "") + step.id,
             step.run ? step.run->life : "-",
             to_text(step.bound),
             step.text}
        );
    }
    return table.empty() ? "" : "\n" + table.text();
}

std::string phases_text(const std::vector<wire::PhaseDocument>& phases) {
    TextTable table{{"PHASE", "STARTED", "TOOK"}};
    for (const wire::PhaseDocument& phase : phases) {
        table.add(
            {phase.name,
             clock_text(to_ms(phase.started_at)),
             phase.ended_at ? fmt::format("{}ms", to_ms(*phase.ended_at) - to_ms(phase.started_at))
                            : "still on"}
        );
    }
    return table.empty() ? "" : "\n" + table.text();
}

std::string loss_text(const wire::OperationLoss& loss) {
    return fmt::format(
        "\nloss window {}, at risk {}, applied late {}, suppressed {}, never arrived {}, not "
        "settled {}{}\n",
        age_text(loss.window),
        loss.counts.at_risk,
        loss.counts.applied_late,
        loss.counts.suppressed,
        loss.counts.never_arrived,
        loss.counts.unknown,
        loss.counts.whole ? "" : "; a host could not name every write, so more may be lost"
    );
}

}  // namespace

std::string or_dash(std::string text) {
    return text.empty() ? "-" : text;
}

std::string utc_text(const std::optional<UtcTime>& at) {
    return at ? to_iso8601(*at) : "-";
}

std::string loss_forecast(const wire::LossForecast& loss) {
    return fmt::format(
        "a failover now could lose: {} of writes, {} keys not proven in the standby{}\n",
        loss.window ? age_text(*loss.window) : "an unknown time",
        loss.unproven_writes,
        loss.hosts_unheard > 0
            ? fmt::format(", and what {} hosts not heard have written", loss.hosts_unheard)
            : ""
    );
}

std::string operation_line(const wire::OperationDocument& operation) {
    return fmt::format(
        "{} {} {} -> {}: {}",
        operation.id.value(),
        to_string(operation.verb),
        operation.from.value(),
        operation.to.value(),
        to_string(operation.outcome)
    );
}

std::string operations_table(const wire::OperationsDocument& document) {
    TextTable table{{"ID", "VERB", "FROM", "TO", "OUTCOME", "STARTED", "BY"}};
    for (const wire::OperationDocument& operation : document.operations) {
        table.add(
            {operation.id.value(),
             std::string{to_string(operation.verb)},
             operation.from.value(),
             operation.to.value(),
             std::string{to_string(operation.outcome)},
             utc_text(operation.started_at),
             operation.by}
        );
    }
    return table.empty() ? "no operation yet\n" : table.text();
}

std::string guards_table(const std::vector<wire::GuardDocument>& guards, Asked asked) {
    TextTable table{{"", "GUARD", "WHAT IT SAYS"}};
    std::string remedies;
    for (const wire::GuardDocument& guard : guards) {
        const std::string refuses = asked == Asked::yes ? "REFUSED" : "would refuse";
        table.add({guard.passed ? "passed" : refuses, guard.guard, guard.text});
        if (!guard.passed && !guard.remedy.empty()) {
            remedies += fmt::format("{}: {}\n", guard.guard, guard.remedy);
        }
    }
    return table.empty() ? "" : table.text() + remedies;
}

std::string journal_line(const wire::EntryDocument& entry) {
    return fmt::format(
        "{}  {:<8} {:<10} {}", clock_text(to_ms(entry.at)), entry.kind, entry.step, entry.text
    );
}

std::string operation_table(const wire::OperationDocument& operation) {
    std::string out = bold(operation_line(operation)) + "\n";
    out += fmt::format(
        "by {}, reason: {}\nepoch {} -> {}\n",
        operation.by,
        or_dash(operation.reason),
        operation.epoch_before.value(),
        operation.epoch_after.value()
    );
    if (!operation.why.empty()) {
        out += operation.why + "\n";
    }
    out +=
        phases_text(operation.phases) + planned_steps(operation.plan) + loss_text(operation.loss);
    for (const wire::EntryDocument& entry : operation.steps) {
        out += journal_line(entry) + "\n";
    }
    return out;
}

std::string key_text(const wire::LossEntryDocument& entry) {
    const auto* text = entry.key.if_string();
    return text != nullptr ? std::string{*text} : boost::json::serialize(entry.key);
}

std::string losses_table(const wire::LossesDocument& book) {
    TextTable table{{"TABLE", "KEY", "OPERATION", "WRITTEN", "FATE"}};
    for (const wire::LossEntryDocument& entry : book.entries) {
        table.add(
            {entry.table,
             printable(key_text(entry)),
             entry.op,
             utc_text(entry.at),
             or_dash(entry.fate)}
        );
    }
    const std::string_view not_whole =
        book.truncated ? "the book is not whole: a host could not name every write that it had not "
                         "proven, so more may be lost\n"
                       : "";
    if (table.empty()) {
        return book.truncated ? "no write is named; " + std::string{not_whole}
                              : "no write at risk\n";
    }
    return table.text() + std::string{not_whole};
}

std::string plan_table(const wire::PlanDocument& document) {
    if (!document.text.empty()) {
        return document.text + "\n";
    }
    const wire::PlannedChange& plan = document.plan;
    std::string out = fmt::format(
        "{} {}: {} -> {}\n",
        to_string(plan.verb),
        plan.app.value(),
        plan.from.value(),
        plan.to.value()
    );
    std::size_t number = 0;
    for (const wire::PlanStepDocument& step : plan.steps) {
        out += fmt::format("  {}. {}{}\n", ++number, step.part_of ? "beside it: " : "", step.text);
    }
    out += fmt::format("fingerprint {}\n", plan.fingerprint);
    if (plan.verb == core::Verb::failover) {
        out += loss_forecast(document.loss);
    }
    return out + guards_table(document.guards, Asked::no);
}

}  // namespace farshore::cli
