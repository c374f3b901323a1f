#include "aws_model/model.h"

#include <algorithm>

namespace farshore::aws_model {
namespace {

template <class Row>
const Row* find(const Model& model, std::span<const Row> rows, std::string_view name) {
    const auto found =
        std::ranges::find_if(rows, [&](const Row& row) { return model.word(row.name) == name; });
    return found == rows.end() ? nullptr : &*found;
}

}  // namespace

const XmlNamespace* Model::namespace_of(const Member& member) const {
    const auto found = std::ranges::find_if(namespaces, [&](const XmlNamespace& row) {
        return &members[row.member] == &member;
    });
    return found == namespaces.end() ? nullptr : &*found;
}

const Member* Model::find_member(const Shape& shape, std::string_view name) const {
    return find(*this, members_of(shape), name);
}

const Service* Model::find_service(std::string_view name) const {
    return find(*this, services, name);
}

const Operation* Model::find_operation(const Service& service, std::string_view name) const {
    return find(*this, operations.subspan(service.first_operation, service.operations), name);
}

const ErrorRow* Model::find_error(const Service& service, std::string_view code) const {
    const std::span<const ErrorRow> rows = errors.subspan(service.first_error, service.errors);
    const auto found =
        std::ranges::find_if(rows, [&](const ErrorRow& row) { return word(row.code) == code; });
    return found == rows.end() ? find(*this, rows, code) : &*found;
}

}  // namespace farshore::aws_model
