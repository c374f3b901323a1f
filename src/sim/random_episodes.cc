#include "sim/random_author.h"
#include "sim/weather.h"

// What happens in the world, episode by episode.
namespace farshore::sim {

void Author::add_fault(FaultKind kind, Moment from) {
    Fault fault{.kind = kind, .from = from};
    fault.at = table();
    if (kind == FaultKind::records_refuse || kind == FaultKind::record_lease ||
        kind == FaultKind::record_astray) {
        fault.at = script_.tables == 2 && one_in(3) ? kWitness : table();
    } else if (kind >= FaultKind::region_cut && kind <= FaultKind::clogged) {
        fault.at = any_place();
    } else if (kind >= FaultKind::loss && kind <= FaultKind::latency) {
        fault.at = 0;  // everywhere
    } else if (is_of_controllers(kind)) {
        fault.at = kWitness;
    }
    do {
        const bool ways =
            kind == FaultKind::pair_cut || kind == FaultKind::one_way || kind == FaultKind::clogged;
        fault.to = ways ? any_place() : table();
    } while (fault.to == fault.at);
    fault.host = below(4);
    fault.amount = amount_of(kind);
    fault.length = length_of(kind);
    add(std::move(fault));
}

void Author::add_any_fault(Moment from) {
    // Rare ones first: each of them changes what may be expected of the rest of the story.
    if (one_in(12)) {
        constexpr std::array kRare{
            FaultKind::store_stale, FaultKind::store_lost, FaultKind::record_written
        };
        const FaultKind rare = one_of(kRare);
        // Hosts that keep their route for ever can be found by a register alone.
        const bool nobody_knows = rare == FaultKind::store_lost &&
                                  script_.agents_rule == core::OnControllerLoss::keep &&
                                  !script_.configuration.register_closed;
        add_fault(nobody_knows ? FaultKind::store_stale : rare, from);
        add_command(CommandKind::failover, {.at = begin_ + seconds(30, 70)});
        script_.commands.back().accept_loss = 3600s;
        return;
    }
    FaultKind kind{};
    do {
        kind = static_cast<FaultKind>(below(kFaultKindNames.size()));
    } while (kind == FaultKind::store_stale || kind == FaultKind::store_lost ||
             kind == FaultKind::record_written);
    add_fault(kind, from);
}

void Author::add_loss(Place region, Moment from, Duration length) {
    constexpr std::array kLosses{
        FaultKind::data_refuses,
        FaultKind::data_refuses,
        FaultKind::data_hangs,
        FaultKind::region_cut,
        FaultKind::hosts_dead,
        FaultKind::stack_down,
        FaultKind::names_empty,
        FaultKind::data_unseen
    };
    add(Fault{.kind = one_of(kLosses), .at = region, .to = 0, .from = from, .length = length});
}

void Author::add_command(CommandKind kind, Moment from) {
    Command command{.kind = kind, .from = from};
    command.accept_unfenced = kind == CommandKind::failover && one_in(5);
    if (kind == CommandKind::failover && one_in(2)) {
        command.accept_loss = one_in(2) ? Duration{10s} : Duration{3600s};
    }
    if (one_in(5)) {
        command.levers = levers();
    }
    if (one_in(6) || kind == CommandKind::forget) {
        command.to = table();
    }
    if (kind == CommandKind::pause) {
        command.length = one_in(3) ? seconds(5, 60) : seconds(60, 1200);
    }
    command.amount = static_cast<int>(below(script_.others.size()));
    add(std::move(command));
}

void Author::add_remedy() {
    if (one_in(4)) {
        return;
    }
    Command command{
        .kind = CommandKind::failover,
        .from = {.at = begin_, .entering = "partly_done", .after = seconds(8, 40)}
    };
    command.to = table();
    command.accept_loss = 3600s;
    command.accept_unfenced = one_in(3);
    add(std::move(command));
}

void Author::draw_episode() {
    const std::uint64_t which = below(20);
    if (which < 6) {
        for (std::uint64_t i = 0, n = 1 + below(4); i < n; ++i) {
            add_any_fault(soon());
        }
    } else if (which < 11) {
        draw_loss();
    } else if (which < 15) {
        draw_switchover();
    } else if (which < 17) {
        for (std::uint64_t i = 0, n = 3 + below(6); i < n; ++i) {
            add_any_command(some_moment());
        }
        for (std::uint64_t i = 0, n = below(3); i < n; ++i) {
            add_any_fault(some_moment());
        }
    } else {
        draw_special();
    }
    add_remedy();
}

void Author::draw_loss() {
    const Place region = one_in(3) ? 1 : 0;
    const Moment from = soon();
    add_loss(region, from, seconds(1, one_in(3) ? 8 : 45));
    if (script_.tables == 3 && one_in(3)) {
        // The third one is left.
        add_loss(1 - region, from, seconds(20, 45));
    }
    if (one_in(8)) {
        // The second Region fails in the middle of the plan.
        add_loss(1 - region, entering(one_of(kOperationStates)), seconds(1, 20));
    }
    for (std::uint64_t i = 0, n = below(4); i < n; ++i) {
        add_any_fault(some_moment());
    }
    if (one_in(4)) {
        add_any_command(some_moment());
    }
}

void Author::draw_switchover() {
    const bool back = one_in(4);
    add_command(back ? CommandKind::failback : CommandKind::switchover, soon());
    for (std::uint64_t i = 0, n = below(4); i < n; ++i) {
        add_any_fault(some_moment());
    }
    if (one_in(3)) {
        add_command(
            one_in(2) ? CommandKind::abort : CommandKind::failover,
            entering(one_of(kOperationStates))
        );
    }
}

void Author::everywhere(FaultKind kind, Duration length, int amount) {
    for (Place at = 0; at < script_.tables; ++at) {
        add(Fault{
            .kind = kind,
            .at = at,
            .to = (at + 1) % script_.tables,
            .amount = amount,
            .from = {.at = begin_},
            .length = length
        });
    }
}

// Each of them leads to a row of a table that chance alone seldom leads to.
void Author::draw_special() {
    const Moment later{.at = begin_ + 3s};
    const std::uint64_t which = below(14);
    const CommandKind planned = CommandKind::switchover;
    if (which == 0) {
        everywhere(FaultKind::replication_slow, 100s, 5'000);  // the lag stays too large
        add_command(planned, {.at = begin_ + 12s});
        add_command(CommandKind::abort, entering("waiting"));
    } else if (which == 1) {
        everywhere(FaultKind::heartbeats_early, 50s, 3'000);  // no drain can be proven
        add_command(planned, later);
    } else if (which == 2) {
        everywhere(FaultKind::dns_stranded, 130s);
        add_command(planned, later);
    } else if (which == 3) {
        everywhere(FaultKind::checks_fail, one_in(2) ? 60s : 10s);
        add_command(planned, later);
    } else if (which == 4) {
        everywhere(FaultKind::losses_unreadable, 40s);
        add_loss(0, later, 25s);
    } else if (which == 5) {
        everywhere(FaultKind::records_refuse, one_in(2) ? 60s : 12s);
        add_command(one_in(2) ? planned : CommandKind::failover, later);
    } else if (which == 6) {
        add_fault(FaultKind::host_pause, soon());
        script_.faults.back().length = 30s;
        add_command(CommandKind::failover, {.at = begin_ + 22s});
    } else if (which == 7) {
        add_fault(FaultKind::host_reimaged, entering(one_of(kOperationStates)));
        everywhere(FaultKind::heartbeats_early, 20s, 3'000);
        add_command(planned, later);
        add_command(planned, {.at = begin_ + 30s});
    } else if (which == 8) {
        add_fault(FaultKind::host_pause, entering("holding"));
        add_fault(FaultKind::host_pause, entering("draining"));
        add_command(planned, later);
    } else if (which == 9) {
        add_command(planned, later);
        add_command(CommandKind::abort, entering(one_of(kOperationStates)));
        everywhere(FaultKind::heartbeats_early, 15s, 2'000);
    } else if (which == 10) {
        constexpr std::array kDeaths{
            FaultKind::dies_before_effects, FaultKind::dies_after_effects, FaultKind::dies_in_save
        };
        add_fault(one_of(kDeaths), entering(one_of(kOperationStates)));
        script_.faults.back().amount = 1;
        add_command(one_in(2) ? planned : CommandKind::failover, later);
    } else if (which == 11) {
        // A controller that does not reach the epoch items goes on beside one that fails over.
        add_fault(FaultKind::rival_empty, {.at = begin_});
        script_.faults.back().length = 70s;
        add_fault(FaultKind::controller_blind, {.at = begin_ + 12s});
        script_.faults.back().length = 50s;
        add_loss(0, {.at = begin_ + seconds(13, 16)}, 25s);
        add_command(CommandKind::failover, {.at = begin_ + 20s});
        script_.commands.back().accept_loss = 3600s;
    } else if (which == 12) {
        // A host sleeps through a change.
        add_fault(one_in(2) ? FaultKind::host_stopped : FaultKind::host_restored, {.at = begin_});
        script_.faults.back().length = seconds(4, 40);
        add_command(one_in(3) ? planned : CommandKind::failover, later);
        script_.commands.back().accept_loss = 3600s;
    } else {
        // Orders that are older than what their agents know.
        add_fault(FaultKind::clogged, entering(one_of(kOperationStates)));
        script_.faults.back().at = kWitness;
        script_.faults.back().to = table();
        script_.faults.back().length = seconds(1, 6);
        add_command(planned, later);
    }
}

}  // namespace farshore::sim
