#include "wire/agent_protocol.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "wire/agent_protocol_parts.h"

// The greeting.
namespace farshore::wire {

namespace json = boost::json;

std::optional<int> common_version(ProtocolRange ours, ProtocolRange theirs) {
    const int version = std::min(ours.highest, theirs.highest);
    if (version < ours.lowest || version < theirs.lowest) {
        return std::nullopt;
    }
    return version;
}

std::string serialize(const AgentHello& hello) {
    const json::object out{
        {"type", "hello"},
        {"protocol", write(hello.protocol)},
        {"app", hello.app.value()},
        {"host", hello.host.value()},
        {"region", hello.region.value()},
        {"boot", hello.boot.value()},
        {"configuration_hash", hello.configuration_hash},
        {"epoch", number_of(hello.epoch)},
        {"active", hello.active.value()},
        {"users", hello.users.value()}
    };
    return json::serialize(out);
}

Result<AgentHello> parse_agent_hello(std::string_view text) {
    return parse_with<AgentHello>(
        "hello",
        text,
        kHelloBytesMax,
        [](ObjectReader& in, JsonTrouble& trouble) {
            expect_type(in, "hello");
            AgentHello hello;
            hello.protocol = read_range(in, trouble);
            hello.app = in.name<AppId>("app");
            hello.host = in.name<HostId>("host");
            hello.region = in.name<RegionId>("region");
            hello.boot = in.id<BootId>("boot");
            hello.configuration_hash = in.text("configuration_hash", 128, Field::optional);
            hello.epoch = in.epoch("epoch");
            hello.active = in.name<RegionId>("active", Field::optional);
            hello.users = in.name<RegionId>("users", Field::optional);
            return hello;
        }
    );
}

}  // namespace farshore::wire
