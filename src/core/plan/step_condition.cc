#include "core/plan/step_condition.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace farshore::core {

namespace {

constexpr std::array<std::string_view, 7> kVariables{
    "loss", "lag", "verb", "from", "to", "automatic", "verdict"
};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace

Result<StepCondition> StepCondition::parse(std::string_view text) {
    StepCondition condition;
    condition.text_ = trimmed(text);
    std::string_view rest = condition.text_;
    while (true) {
        constexpr std::string_view kAnd = " and ";
        const std::size_t end = rest.find(kAnd);
        Result<Term> term = parse_term(trimmed(rest.substr(0, end)));
        if (!term) {
            return std::unexpected(std::move(term.error()));
        }
        condition.terms_.push_back(std::move(*term));
        if (end == std::string_view::npos) {
            return condition;
        }
        rest.remove_prefix(end + kAnd.size());
    }
}

Result<StepCondition::Term> StepCondition::parse_term(std::string_view text) {
    // The longer ones first: "<=" begins like "<".
    constexpr std::array<std::pair<std::string_view, Relation>, 6> kRelations{{
        {"==", Relation::equal},
        {"!=", Relation::unequal},
        {"<=", Relation::at_most},
        {">=", Relation::at_least},
        {"<", Relation::less},
        {">", Relation::more},
    }};
    for (const auto& [sign, relation] : kRelations) {
        const std::size_t at = text.find(sign);
        if (at == std::string_view::npos) {
            continue;
        }
        const std::string_view name = trimmed(text.substr(0, at));
        const std::string_view value = trimmed(text.substr(at + sign.size()));
        const auto* const found = std::ranges::find(kVariables, name);
        if (found == kVariables.end()) {
            return fail(
                ErrorKind::malformed,
                "`" + std::string{name} +
                    "` is none of loss, lag, verb, from, to, automatic, "
                    "verdict"
            );
        }
        Term term{
            .variable = static_cast<Variable>(found - kVariables.begin()),
            .relation = relation,
            .time = {},
            .word = std::string{value}
        };
        const bool is_time = term.variable == Variable::loss || term.variable == Variable::lag;
        const bool orders = relation != Relation::equal && relation != Relation::unequal;
        const std::optional<Duration> time = duration_from(value);
        if (is_time && !time) {
            return fail(
                ErrorKind::malformed, "`" + std::string{value} + "` is no time, such as 2s"
            );
        }
        if ((!is_time && orders) || value.empty()) {
            return fail(
                ErrorKind::malformed,
                "`" + std::string{text} + "`: " + std::string{name} +
                    " is compared by == or != with a word"
            );
        }
        const bool known_word =
            (term.variable != Variable::verb || enum_from<Verb>(value)) &&
            (term.variable != Variable::automatic || value == "true" || value == "false");
        if (!known_word) {
            return fail(
                ErrorKind::malformed,
                "`" + std::string{value} + "` is no value of " + std::string{name}
            );
        }
        term.time = time.value_or(Duration::zero());
        return term;
    }
    return fail(
        ErrorKind::malformed, "`" + std::string{text} + "` is no comparison, such as `loss > 2s`"
    );
}

bool StepCondition::holds(const StepConditionValues& values) const {
    return std::ranges::all_of(terms_, [&](const Term& term) { return holds(term, values); });
}

bool StepCondition::may_hold(const StepConditionValues& values) const {
    return std::ranges::all_of(terms_, [&](const Term& term) {
        const bool open = term.variable == Variable::loss || term.variable == Variable::lag ||
                          term.variable == Variable::verdict;
        return open || holds(term, values);
    });
}

bool StepCondition::holds(const Term& term, const StepConditionValues& values) {
    const auto compared = [&term](const auto& have, const auto& wanted) {
        switch (term.relation) {
            case Relation::equal: return have == wanted;
            case Relation::unequal: return have != wanted;
            case Relation::less: return have < wanted;
            case Relation::at_most: return have <= wanted;
            case Relation::more: return have > wanted;
            case Relation::at_least: return have >= wanted;
        }
        std::unreachable();
    };
    switch (term.variable) {
        case Variable::loss: return compared(values.loss.value_or(Duration::max()), term.time);
        case Variable::lag: return compared(values.lag.value_or(Duration::max()), term.time);
        case Variable::verb: return compared(to_string(values.verb), std::string_view{term.word});
        case Variable::from: return compared(values.from.value(), term.word);
        case Variable::to: return compared(values.to.value(), term.word);
        case Variable::automatic:
            return compared(std::string{values.automatic ? "true" : "false"}, term.word);
        case Variable::verdict: return compared(values.verdict, term.word);
    }
    std::unreachable();
}

}  // namespace farshore::core
