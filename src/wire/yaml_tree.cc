#include "wire/yaml_tree.h"

#include <algorithm>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/text.h"

namespace farshore::config {

namespace {

// A configuration of a thousand hosts is some 100 KB.
constexpr std::size_t kBytesMax = 1024 * 1024;
constexpr std::size_t kNodesMax = 100'000;
constexpr std::size_t kDepthMax = 32;

// Leaves the parser; never leaves this file.
struct Refused {
    Diagnostic diagnostic;
};

Place place_of(const YAML::Mark& mark) {
    return {
        .line = static_cast<std::size_t>(std::max(mark.line, 0)) + 1,
        .column = static_cast<std::size_t>(std::max(mark.column, 0)) + 1,
        .length = 1
    };
}

// Where the quote that opens at `at` in `line` closes; npos: not on this line.
std::size_t closing_quote(std::string_view line, std::size_t at) {
    const char quote = line[at];
    for (std::size_t i = at + 1; i < line.size(); ++i) {
        if (quote == '"' && line[i] == '\\') {
            ++i;
            continue;
        }
        if (line[i] != quote) {
            continue;
        }
        if (quote == '\'' && i + 1 < line.size() && line[i + 1] == '\'') {
            ++i;
            continue;
        }
        return i;
    }
    return std::string_view::npos;
}

Diagnostic open_quote(Place place) {
    return diagnostic_at(
        place,
        "C102",
        "the quote opened here is not closed on this line",
        "close it, or use a `|` block for a text of several lines"
    );
}

// The parser reads an open quote on into the following lines and then complains somewhere else.
// This finds the place that a person would name.
std::optional<Place> find_open_quote(const std::vector<std::string_view>& lines) {
    for (std::size_t n = 0; n < lines.size(); ++n) {
        const std::string_view line = lines[n];
        bool token_starts = true;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const char c = line[i];
            if (c == '#' && (i == 0 || line[i - 1] == ' ')) {
                break;
            }
            if ((c == '"' || c == '\'') && token_starts) {
                const std::size_t end = closing_quote(line, i);
                if (end == std::string_view::npos) {
                    return Place{.line = n + 1, .column = i + 1, .length = line.size() - i};
                }
                i = end;
                token_starts = false;
                continue;
            }
            token_starts = c == ' ' || c == '[' || c == '{' || c == ',';
        }
    }
    return std::nullopt;
}

class TreeBuilder final : public YAML::EventHandler {
  public:
    explicit TreeBuilder(const std::vector<std::string_view>& lines) : lines_(lines) {}

    [[nodiscard]] bool empty() const { return nodes_ == 0; }

    [[nodiscard]] YamlNode take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            throw Refused{diagnostic_at(
                place_of(mark),
                "C107",
                "a second document (`---`) in one file",
                "one file holds one document"
            )};
        }
    }

    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        YamlNode node;
        node.place = place_of(mark);
        add(std::move(node));
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
        refuse_anchor(mark, 1);
    }

    void OnScalar(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        const std::string& value
    ) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        YamlNode node;
        node.kind = YamlNode::Kind::scalar;
        node.place = place_of(mark);
        node.text = value;
        node.quoted = tag == "!";
        node.place.length = std::max<std::size_t>(1, underline(node));
        if (!node.quoted && (value == "~" || value == "null")) {
            node.kind = YamlNode::Kind::null;
        }
        add(std::move(node));
    }

    void OnSequenceStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value /*style*/
    ) override {
        open(mark, tag, anchor, YamlNode::Kind::sequence);
    }

    void OnSequenceEnd() override { close(); }

    void OnMapStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value /*style*/
    ) override {
        open(mark, tag, anchor, YamlNode::Kind::map);
    }

    void OnMapEnd() override { close(); }

  private:
    struct Open {
        YamlNode node;
        std::optional<YamlEntry> entry;  // a key that waits for its value
    };

    static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0) {
            throw Refused{diagnostic_at(
                place_of(mark),
                "C107",
                "anchors and aliases are not used here",
                "write the value out"
            )};
        }
    }

    static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!") {
            throw Refused{diagnostic_at(
                place_of(mark), "C107", "tags (`!…`) are not used here", "remove the tag"
            )};
        }
    }

    [[nodiscard]] std::size_t underline(const YamlNode& node) const {
        const std::string_view line =
            node.place.line <= lines_.size() ? lines_[node.place.line - 1] : "";
        const std::size_t at = node.place.column - 1;
        if (!node.quoted || at >= line.size() || (line[at] != '"' && line[at] != '\'')) {
            const std::size_t left = at < line.size() ? line.size() - at : 1;
            return std::min(node.text.size(), left);
        }
        const std::size_t end = closing_quote(line, at);
        if (end == std::string_view::npos) {
            Place place = node.place;
            place.length = line.size() - at;
            throw Refused{open_quote(place)};
        }
        return end - at + 1;
    }

    void open(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind
    ) {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (stack_.size() >= kDepthMax) {
            throw Refused{diagnostic_at(place_of(mark), "C101", "nested too deeply")};
        }
        Open opened;
        opened.node.kind = kind;
        opened.node.place = place_of(mark);
        stack_.push_back(std::move(opened));
    }

    void close() {
        YamlNode node = std::move(stack_.back().node);
        stack_.pop_back();
        add(std::move(node));
    }

    void add(YamlNode node) {
        if (++nodes_ > kNodesMax) {
            throw Refused{diagnostic_at(node.place, "C101", "too many values in one file")};
        }
        if (stack_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& parent = stack_.back();
        if (parent.node.kind == YamlNode::Kind::sequence) {
            parent.node.items.push_back(std::move(node));
            return;
        }
        if (!parent.entry.has_value()) {
            if (node.kind != YamlNode::Kind::scalar) {
                throw Refused{diagnostic_at(node.place, "C101", "a key must be a word")};
            }
            parent.entry =
                YamlEntry{.key = std::move(node.text), .key_place = node.place, .value = {}};
            return;
        }
        parent.entry->value = std::move(node);
        parent.node.entries.push_back(std::move(*parent.entry));
        parent.entry.reset();
    }

    const std::vector<std::string_view>& lines_;
    std::vector<Open> stack_;
    YamlNode root_;
    std::size_t nodes_ = 0;
    int documents_ = 0;
};

std::optional<Diagnostic> unreadable(
    std::string_view text, const std::vector<std::string_view>& lines
) {
    if (text.size() > kBytesMax) {
        return diagnostic_at({.line = 1, .column = 1}, "C101", "the file is larger than 1 MiB");
    }
    for (std::size_t n = 0; n < lines.size(); ++n) {
        for (std::size_t i = 0; i < lines[n].size(); ++i) {
            const auto c = static_cast<unsigned char>(lines[n][i]);
            const bool end_of_line = c == '\r' && i + 1 == lines[n].size();
            if ((c < 0x20 && c != '\t' && !end_of_line) || c == 0x7F) {
                return diagnostic_at(
                    {.line = n + 1, .column = i + 1}, "C101", "a control character"
                );
            }
        }
        const std::size_t first = lines[n].find_first_not_of(" \t");
        const std::size_t tab = lines[n].find('\t');
        if (tab != std::string_view::npos && first != std::string_view::npos && tab < first) {
            return diagnostic_at(
                {.line = n + 1, .column = tab + 1},
                "C101",
                "a tab indents this line",
                "YAML is indented with blanks"
            );
        }
    }
    return std::nullopt;
}

}  // namespace

Diagnostic diagnostic_at(
    Place place,
    std::string code,
    std::string message,
    std::string hint,
    std::string why,
    Severity severity
) {
    return {
        .severity = severity,
        .code = std::move(code),
        .message = std::move(message),
        .line = place.line,
        .column = place.column,
        .length = place.length,
        .hint = std::move(hint),
        .why = std::move(why)
    };
}

std::optional<YamlNode> parse_yaml(std::string_view text, std::vector<Diagnostic>& diagnostics) {
    const std::vector<std::string_view> lines = split(text, '\n');
    if (auto refused = unreadable(text, lines)) {
        diagnostics.push_back(std::move(*refused));
        return std::nullopt;
    }
    TreeBuilder builder{lines};
    try {
        std::istringstream in{std::string{text}};
        YAML::Parser parser{in};
        while (parser.HandleNextDocument(builder)) {
        }
        if (builder.empty()) {
            diagnostics.push_back(
                diagnostic_at({.line = 0}, "C101", "the file is empty", "begin with `version: 1`")
            );
            return std::nullopt;
        }
        return builder.take();
    } catch (Refused& refused) {
        diagnostics.push_back(std::move(refused.diagnostic));
    } catch (const YAML::Exception& exception) {
        if (const auto quote = find_open_quote(lines)) {
            diagnostics.push_back(open_quote(*quote));
        } else {
            diagnostics.push_back(diagnostic_at(
                place_of(exception.mark), "C101", "this is not YAML: " + exception.msg
            ));
        }
    }
    return std::nullopt;
}

}  // namespace farshore::config
