#include "scenario/story.h"

#include <set>
#include <stdexcept>
#include <yaml-cpp/yaml.h>

#include "base/text.h"
#include "core/plan/build_plan.h"

namespace farshore::scenario {

namespace {

[[noreturn]] void refuse(const YAML::Node& node, const std::string& why) {
    throw std::runtime_error("line " + std::to_string(node.Mark().line + 1) + ": " + why);
}

Duration duration_of(const YAML::Node& node) {
    const auto read = duration_from(node.as<std::string>());
    if (!read) {
        refuse(node, node.as<std::string>() + " is not a duration");
    }
    return *read;
}

void allow(const YAML::Node& node, const std::set<std::string>& keys) {
    for (const auto& entry : node) {
        const auto key = entry.first.as<std::string>();
        if (!keys.contains(key)) {
            refuse(entry.first, "unknown key " + key);
        }
    }
}

template <class Enum>
Enum word_of(const YAML::Node& node) {
    const auto read = enum_from<Enum>(node.as<std::string>());
    if (!read) {
        refuse(node, "unknown word " + node.as<std::string>());
    }
    return *read;
}

core::DeclaredStep read_step(const YAML::Node& node) {
    if (node.size() != 1) {
        refuse(node, "a step has one kind");
    }
    const YAML::Node values = node.begin()->second;
    allow(values, {"at", "name", "verbs", "when", "timeout", "on_failure", "attempts", "steps"});
    core::DeclaredStep step;
    step.kind = word_of<core::StepKind>(node.begin()->first);
    step.run = {"/bin/hook"};
    step.timeout = values["timeout"] ? duration_of(values["timeout"]) : std::chrono::seconds{10};
    if (values["at"]) {
        step.at = word_of<core::Slot>(values["at"]);
    }
    if (values["name"]) {
        step.name = values["name"].as<std::string>();
    }
    for (const auto& verb : values["verbs"]) {
        step.verbs.push_back(word_of<core::Verb>(verb));
    }
    if (values["when"]) {
        const auto when = core::StepCondition::parse(values["when"].as<std::string>());
        if (!when) {
            refuse(values["when"], when.error().text);
        }
        step.when = *when;
    }
    if (values["on_failure"]) {
        step.on_failure = word_of<core::OnFailure>(values["on_failure"]);
    }
    if (values["attempts"]) {
        step.attempts = values["attempts"].as<int>();
    }
    for (const auto& inner : values["steps"]) {
        step.steps.push_back(read_step(inner));
    }
    return step;
}

std::vector<core::DeclaredStep> read_steps(const YAML::Node& node) {
    std::vector<core::DeclaredStep> steps;
    for (const auto& each : node) {
        steps.push_back(read_step(each));
    }
    for (const std::string& wrong : core::wrong_with(steps)) {
        refuse(node, wrong);
    }
    return steps;
}

core::Policy read_policy(const YAML::Node& node) {
    core::Policy policy;
    policy.app = AppId{"magento"};
    policy.regions = {RegionId{"us-east-1"}, RegionId{"eu-west-1"}};
    policy.mode = core::Mode::automatic;
    policy.require_drill_within.reset();
    policy.stacks_watched = policy.regions;
    if (!node) {
        return policy;
    }
    allow(
        node,
        {"mode",
         "max_loss",
         "cooldown",
         "early",
         "on_controller_loss",
         "require_drill",
         "steps",
         "data_impaired",
         "stacks_watched"}
    );
    if (node["data_impaired"]) {
        policy.data_impaired.clear();
        for (const auto& lever : node["data_impaired"]) {
            policy.data_impaired.push_back(word_of<core::Lever>(lever));
        }
    }
    if (node["stacks_watched"] && !node["stacks_watched"].as<bool>()) {
        policy.stacks_watched.clear();
    }
    policy.steps = read_steps(node["steps"]);
    if (node["mode"]) {
        policy.mode = word_of<core::Mode>(node["mode"]);
    }
    if (node["max_loss"]) {
        policy.max_loss = duration_of(node["max_loss"]);
    }
    if (node["cooldown"]) {
        policy.cooldown = duration_of(node["cooldown"]);
    }
    if (node["early"]) {
        policy.early = node["early"].as<bool>();
    }
    if (node["on_controller_loss"]) {
        policy.on_controller_loss = word_of<core::OnControllerLoss>(node["on_controller_loss"]);
    }
    if (node["require_drill"] && node["require_drill"].as<bool>()) {
        policy.require_drill_within = std::chrono::days{30};
    }
    return policy;
}

Happening read_happening(const YAML::Node& node) {
    static const std::set<std::string> kSubjects{
        "dynamodb",
        "stack",
        "requests",
        "replication",
        "control",
        "host",
        "records",
        "operator",
        "records_lease",
        "records_epoch",
        "controller",
        "command"
    };
    std::set<std::string> keys{
        "at", "is", "seen_by", "to", "accept_loss", "accept_unfenced", "accept_unknown", "for"
    };
    keys.insert(kSubjects.begin(), kSubjects.end());
    allow(node, keys);
    Happening out;
    out.at = duration_of(node["at"]);
    for (const std::string& subject : kSubjects) {
        if (node[subject]) {
            if (!out.what.empty()) {
                refuse(node, "one line tells of one thing");
            }
            out.what = subject;
            out.name = node[subject].as<std::string>();
        }
    }
    if (out.what.empty()) {
        refuse(node, "nothing happens here");
    }
    if (node["is"]) {
        out.state = node["is"].as<std::string>();
    }
    if (node["to"]) {
        out.state = node["to"].as<std::string>();
    }
    for (const auto& observer : node["seen_by"]) {
        out.seen_by.push_back(observer.as<std::string>());
    }
    if (node["accept_loss"]) {
        out.accept_loss = duration_of(node["accept_loss"]);
    }
    if (node["for"]) {
        out.lasts = duration_of(node["for"]);
    }
    if (node["accept_unfenced"]) {
        out.unfenced = node["accept_unfenced"].as<bool>();
    }
    if (node["accept_unknown"]) {
        out.unknown = node["accept_unknown"].as<bool>();
    }
    return out;
}

Expectation read_expectation(const YAML::Node& node) {
    static const std::set<std::string> kFacts{
        "running",
        "doing",
        "last",
        "outcome",
        "automatic",
        "levers",
        "epoch",
        "active",
        "users",
        "refused_by",
        "cooling_down",
        "journal",
        "journal_lacks",
        "refused"
    };
    Expectation out;
    out.line = node.Mark().line + 1;
    int times = 0;
    for (const auto& entry : node) {
        const auto key = entry.first.as<std::string>();
        if (key == "at" || key == "by" || key == "until") {
            ++times;
            out.when = key == "at"   ? Expectation::When::at
                       : key == "by" ? Expectation::When::by
                                     : Expectation::When::until;
            out.time = duration_of(entry.second);
        } else if (kFacts.contains(key)) {
            out.facts[key] = entry.second.as<std::string>();
        } else {
            refuse(entry.first, "unknown fact " + key);
        }
    }
    if (times != 1 || out.facts.empty()) {
        refuse(node, "an expectation has one of at, by, until, and facts");
    }
    return out;
}

}  // namespace

Story read_story(const std::string& path) {
    const YAML::Node root = YAML::LoadFile(path);
    allow(root, {"story", "because", "policy", "timeline", "expect"});
    Story story;
    story.headline = root["story"].as<std::string>();
    if (root["because"].as<std::string>().empty()) {
        refuse(root, "say why");
    }
    story.policy = read_policy(root["policy"]);
    for (const auto& node : root["timeline"]) {
        story.timeline.push_back(read_happening(node));
    }
    for (const auto& node : root["expect"]) {
        story.expected.push_back(read_expectation(node));
    }
    if (story.expected.empty()) {
        refuse(root, "a story without an expectation proves nothing");
    }
    return story;
}

}  // namespace farshore::scenario
