#include "weights/unpickler.h"

#include "weights/pickle_globals.h"
#include "weights/pickle_scalar.h"
#include "weights/pickle_stack.h"

namespace wordmask::weights {
namespace {

using Kind = Value::Kind;

class Machine {
 public:
  Machine(PickleTree& tree, ByteCursor& in) : tree_(tree), in_(in), stack_(in) {}

  const Value* run() {
    while (true) {
      const uint8_t opcode = in_.read<uint8_t>();
      if (opcode == '.') break;
      if (Value* value = read_scalar(opcode, tree_, in_)) {
        stack_.push(value);
      } else if (!container(opcode) && !memory(opcode) && !object(opcode)) {
        fail(code::kCheckpoint, in_.path(), " is no pickle: unknown opcode ", int{opcode}, " at byte ",
             in_.position() - 1);
      }
    }
    return stack_.pop();
  }

 private:
  void push_items(Kind kind, std::vector<Value*> items) {
    Value* value = tree_.make(kind);
    value->items = std::move(items);
    stack_.push(value);
  }

  bool container(uint8_t opcode) {
    switch (opcode) {
      case '(':
        stack_.mark();
        return true;
      case ')':
        stack_.push(tree_.make(Kind::kTuple));
        return true;
      case ']':
      case 0x8f:
        stack_.push(tree_.make(Kind::kList));
        return true;
      case '}':
        stack_.push(tree_.make(Kind::kDict));
        return true;
      case 't':
        push_items(Kind::kTuple, stack_.pop_mark());
        return true;
      case 'l':
      case 0x91:
        push_items(Kind::kList, stack_.pop_mark());
        return true;
      case 0x85:
      case 0x86:
      case 0x87:
        push_items(Kind::kTuple, stack_.pop(opcode - 0x84u));
        return true;
      case 'd': {
        const std::vector<Value*> items = stack_.pop_mark();
        stack_.push(tree_.make(Kind::kDict));
        extend(stack_.top(), Kind::kDict, items);
        return true;
      }
      case 'a': {
        Value* item = stack_.pop();
        extend(stack_.top(), Kind::kList, {item});
        return true;
      }
      case 'e':
      case 0x90: {
        std::vector<Value*> items = stack_.pop_mark();
        extend(stack_.top(), Kind::kList, items);
        return true;
      }
      case 's': {
        const std::vector<Value*> pair = stack_.pop(2);
        extend(stack_.top(), Kind::kDict, pair);
        return true;
      }
      case 'u': {
        const std::vector<Value*> items = stack_.pop_mark();
        extend(stack_.top(), Kind::kDict, items);
        return true;
      }
      default:
        return false;
    }
  }

  void extend(Value* target, Kind kind, const std::vector<Value*>& items) {
    stack_.check(target->is(kind) && (kind != Kind::kDict || items.size() % 2 == 0),
                 "items for a value that takes none");
    target->items.insert(target->items.end(), items.begin(), items.end());
  }

  bool memory(uint8_t opcode) {
    switch (opcode) {
      case 'p':
        stack_.store(memo_index(in_.line()));
        return true;
      case 'q':
        stack_.store(in_.read<uint8_t>());
        return true;
      case 'r':
        stack_.store(in_.read<uint32_t>());
        return true;
      case 0x94:
        stack_.memoize();
        return true;
      case 'g':
        stack_.push(stack_.recall(memo_index(in_.line())));
        return true;
      case 'h':
        stack_.push(stack_.recall(in_.read<uint8_t>()));
        return true;
      case 'j':
        stack_.push(stack_.recall(in_.read<uint32_t>()));
        return true;
      case '0':
        stack_.drop();
        return true;
      case '1':
        stack_.pop_mark();
        return true;
      case '2':
        stack_.push(stack_.top());
        return true;
      case 0x80: {
        const int protocol = in_.read<uint8_t>();
        WM_CHECK(protocol <= 5, code::kCheckpoint, in_.path(), " uses pickle protocol ", protocol,
                 "; 0 to 5 are known");
        return true;
      }
      case 0x95:
        in_.read<uint64_t>();
        return true;  // FRAME: a hint for streams
      default:
        return false;
    }
  }

  uint64_t memo_index(std::string_view line) { return static_cast<uint64_t>(parse_whole(line, in_.path())); }

  bool object(uint8_t opcode) {
    switch (opcode) {
      case 'c': {
        const std::string_view module = in_.line();
        stack_.push(global(module, in_.line()));
        return true;
      }
      case 0x93: {
        const std::vector<Value*> names = stack_.pop(2);
        stack_.check(names[0]->is_text() && names[1]->is_text(), "a global without a name");
        stack_.push(global(names[0]->text, names[1]->text));
        return true;
      }
      case 'R':
      case 0x81: {
        const std::vector<Value*> pair = stack_.pop(2);
        stack_.push(call(pair[0], pair[1]));
        return true;
      }
      case 0x92: {
        const std::vector<Value*> parts = stack_.pop(3);  // the keyword arguments are data as well
        stack_.push(call(parts[0], parts[1]));
        return true;
      }
      case 'i': {
        const std::string_view module = in_.line();
        Value* callable = global(module, in_.line());
        push_items(Kind::kTuple, stack_.pop_mark());
        stack_.push(call(callable, stack_.pop()));
        return true;
      }
      case 'b': {
        Value* state = stack_.pop();
        Value* target = stack_.top();
        stack_.check(target->is(Kind::kCall) || target->is(Kind::kDict), "state for a value that takes none");
        target->state = state;
        return true;
      }
      case 'Q':
        push_items(Kind::kPersistent, stack_.pop(1));
        return true;
      case 'P': {
        Value* id = tree_.make(Kind::kString);
        id->text = in_.line();
        stack_.push(id);
        push_items(Kind::kPersistent, stack_.pop(1));
        return true;
      }
      default:
        return false;
    }
  }

  Value* global(std::string_view module, std::string_view name) {
    const std::string_view full = tree_.keep(std::string(module) + " " + std::string(name));
    WM_CHECK(
        is_allowed_global(full), code::kCheckpointForbidden, in_.path(), " names the Python global '",
        module.substr(0, 200), ".", name.substr(0, 200),
        "', which is not needed to store weights. It was refused; nothing of the file was run. ",
        "If you trust the file, convert it in Python: safetensors.torch.save_file(state_dict, 'model.safetensors')");
    Value* value = tree_.make(Kind::kGlobal);
    value->text = full;
    return value;
  }

  Value* call(Value* callable, Value* arguments) {
    stack_.check(callable->is(Kind::kGlobal) && arguments->is(Kind::kTuple), "a call of something that is no global");
    const std::string_view name = callable->text;
    if (name == "collections OrderedDict" || name == "collections defaultdict" || name == "collections Counter") {
      return dictionary(*arguments);
    }
    Value* value = tree_.make(Kind::kCall);
    value->items = {callable, arguments};
    return value;
  }

  // OrderedDict(), OrderedDict([(key, value), ...]) of Python 2, defaultdict(factory), Counter({...})
  Value* dictionary(const Value& arguments) {
    Value* dict = tree_.make(Kind::kDict);
    for (const Value* argument : arguments.items) {
      copied_ += argument->items.size();  // a list may be copied by many calls: bound their sum
      stack_.check(copied_ <= PickleTree::kMaxValues, "too many items");
      if (argument->is(Kind::kDict)) dict->items = argument->items;
      if (!argument->is(Kind::kList)) continue;
      for (const Value* pair : argument->items) {
        stack_.check((pair->is(Kind::kTuple) || pair->is(Kind::kList)) && pair->items.size() == 2,
                     "an OrderedDict of no pairs");
        dict->items.insert(dict->items.end(), pair->items.begin(), pair->items.end());
      }
    }
    return dict;
  }

  PickleTree& tree_;
  ByteCursor& in_;
  PickleStack stack_;
  size_t copied_ = 0;
};

}  // namespace

const Value* unpickle(PickleTree& tree, ByteCursor& in) { return Machine(tree, in).run(); }

}  // namespace wordmask::weights
