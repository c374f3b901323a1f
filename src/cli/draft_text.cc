#include "cli/draft_text.h"

#include <sstream>
#include <string_view>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include "cli/output.h"

namespace farshore::cli {

namespace {

// JSON's strings are YAML's double-quoted ones, whatever stands in them.
std::string quoted(const std::string& text) {
    return boost::json::serialize(boost::json::value(text));
}

// Lines of comment, no longer than an editor shows beside each other.
std::string comment(const std::string& text) {
    constexpr std::size_t kWidth = 98;
    std::string out;
    std::istringstream lines{folded(text, kWidth, 2)};
    for (std::string line; std::getline(lines, line);) {
        out += "# " + line + "\n";
    }
    return out;
}

std::string open_questions(const core::Draft& draft, std::string_view about) {
    std::string out;
    for (const core::OpenQuestion& question : draft.questions) {
        if (question.about == about) {
            out += comment("OPEN: " + question.text);
        }
    }
    return out;
}

std::string regions_text(const core::Draft& draft) {
    std::string out = "regions:\n";
    bool preferred = true;
    for (const core::DraftRegion& region : draft.regions) {
        std::string inside = preferred ? " preferred: true" : "";
        if (!region.health.empty()) {
            inside += (inside.empty() ? " health: " : ", health: ") + quoted(region.health);
        }
        out += fmt::format("  {}: {{{}}}", region.id.value(), inside.empty() ? "" : inside + " ");
        out += region.from.empty() ? "\n" : "  # from " + region.from + "\n";
        preferred = false;
    }
    return out;
}

std::string traffic_text(const core::Draft& draft) {
    if (draft.record.empty()) {
        return "# traffic:\n#   route53: { zone: Z0123ABC, record: shop.example.com, ttl: 30s }\n"
               "levers: { data_impaired: [repoint], stack_impaired: [repoint], region_lost: "
               "[repoint] }\n";
    }
    return fmt::format(
        "traffic:\n  route53: {{ zone: {}, record: {}, ttl: {}s }}\n"
        "levers: {{ data_impaired: [repoint, shift], stack_impaired: [shift], region_lost: "
        "[shift] }}\n",
        draft.zone,
        draft.record,
        std::max<std::int64_t>(to_ms(draft.ttl) / 1000, 1)
    );
}

}  // namespace

std::string controller_file(const core::Draft& draft) {
    std::string out = fmt::format(
        "# farshore.yaml: the app {}, a first draft by `farshore init`.\n"
        "# OPEN marks what only you can decide. `farshore validate` checks the file, `farshore "
        "provision plan`\n# shows what AWS still lacks. Automation observes and does nothing until "
        "`decide.mode` says `auto`.\nversion: 1\napp: {}\n\n",
        draft.app.value(),
        draft.app.value()
    );
    out += open_questions(draft, "objectives") + "objectives: { rto: 60s, rpo: 5s }\n\n";
    out += open_questions(draft, "regions") + regions_text(draft) + "\n";
    out += open_questions(draft, "witness") +
           fmt::format("witness: {{ region: {} }}\n\n", draft.witness.value());
    out += open_questions(draft, "tables") + "tables:\n";
    for (const TableName& table : draft.tables) {
        out += "  - { name: " + table.value() + " }\n";
    }
    out += "\ndecide: { mode: observe, max_loss: 5s }\n\n";
    out += open_questions(draft, "traffic") + traffic_text(draft) + "\n";
    out += open_questions(draft, "controller");
    out += fmt::format(
        "controller:\n  id: {0}\n  region: {0}\n"
        "  listen: 127.0.0.1:8640       # 0.0.0.0:8640 with tls\n"
        "  # url: https://farshore.internal.example:8640\n"
        "  # tls: {{ certificate: /etc/farshore/controller.pem, key: /etc/farshore/controller.key, "
        "ca: /etc/farshore/ca.pem }}\n"
        "  # tokens: /etc/farshore/tokens.json\n"
        "  # operator_token: ${{file:/etc/farshore/operator.token}}\n",
        draft.witness.value()
    );
    if (!draft.notes.empty()) {
        out += "\n# What was found beside that:\n";
        for (const std::string& note : draft.notes) {
            out += comment("- " + note);
        }
    }
    return out;
}

std::string agent_file(const core::Draft& draft, const RegionId& region) {
    std::string others;
    std::string regions;
    for (const core::DraftRegion& one : draft.regions) {
        regions += (regions.empty() ? "" : ", ") + one.id.value();
        if (one.id != region && !one.health.empty()) {
            others += fmt::format("      {}: {}\n", one.id.value(), quoted(one.health));
        }
    }
    return fmt::format(
        "# agent.yaml of the hosts of {0}, a first draft by `farshore init`: the same file on each "
        "of them.\nversion: 1\nhost: ${{file:/etc/hostname}}\nregion: {0}\n\n"
        "# OPEN: the controller's address, as the certificate names it, and what lets this host "
        "in: a token\n#   of its own (`farshore init token --role agent --host NAME`), or a join "
        "token, "
        "or its role in AWS.\ncontrollers: [\"https://farshore.internal.example:8640\"]\n"
        "controller_ca: /etc/farshore/ca.pem\njoin: {{ token: /etc/farshore/join.token }}\n"
        "# join: {{ aws: {{}} }}\n\n"
        "health: 0.0.0.0:8643          # load balancers and Route 53's checkers ask here\n\n"
        "apps:\n  - app: {1}\n    listen: 127.0.0.1:8642     # the application's "
        "AWS_ENDPOINT_URL_DYNAMODB; `farshore-agent env` prints the rest\n"
        "    regions: [{2}]\n    witness: {3}\n    health_table: {4}\n{5}",
        region.value(),
        draft.app.value(),
        regions,
        draft.witness.value(),
        draft.tables.front().value(),
        others.empty() ? "" : "    health_urls:\n" + others
    );
}

}  // namespace farshore::cli
