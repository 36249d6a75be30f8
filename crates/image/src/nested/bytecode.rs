//! What the code of a compiled Python module gives its constants to: names, attributes, keys of dictionaries, arguments of
//! calls. Instructions are walked once, with a short memory of the last ones: what an instruction takes from the stack was
//! put there by those right before it, as long as each of these puts one value there. Behind anything else, such as a
//! call among the arguments, nothing is told of what stands before it.

use std::collections::VecDeque;

/// How many instructions are remembered.
const MEMORY: usize = 64;

/// The opcodes that matter, of one version of Python (`Lib/opcode.py`, since 3.13 `Include/opcode_ids.h`).
pub(super) struct Opcodes {
    load_const: u8,
    /// Instructions that put one value on the stack, whatever it is.
    loads: &'static [u8],
    /// Puts an attribute in the place of its object.
    load_attr: u8,
    /// Give the value on top to a name of the module or the class.
    store_names: [u8; 2],
    /// Gives the value on top to a local variable.
    store_fast: u8,
    /// As `store_fast`, and loads another variable; the variable's number is in the upper four bits.
    store_fast_load_fast: Option<u8>,
    store_attr: u8,
    store_subscr: u8,
    /// Makes a dictionary of values and a tuple of keys.
    const_key_map: Option<u8>,
    build_map: u8,
    map_add: u8,
    keywords: Keywords,
    extended_arg: u8,
    /// Whether opcode 0 is room for the interpreter.
    has_cache: bool,
}

/// How a call says which of its arguments have a name.
enum Keywords {
    /// A tuple of names on top of the stack.
    OnStack(u8),
    /// A tuple of names by its number, in an instruction behind the arguments.
    Numbered(u8),
}

/// Python 3.6 to 3.10.
pub(super) static SINCE_3_6: Opcodes = Opcodes {
    load_const: 100,
    loads: &[100, 101, 116, 124, 136],
    load_attr: 106,
    store_names: [90, 97],
    store_fast: 125,
    store_fast_load_fast: None,
    store_attr: 95,
    store_subscr: 60,
    const_key_map: Some(156),
    build_map: 105,
    map_add: 147,
    keywords: Keywords::OnStack(141),
    extended_arg: 144,
    has_cache: false,
};

/// Python 3.11 and 3.12.
pub(super) static SINCE_3_11: Opcodes = Opcodes {
    loads: &[100, 101, 116, 124, 127, 137],
    keywords: Keywords::Numbered(172),
    has_cache: true,
    ..SINCE_3_6
};

/// Python 3.13.
pub(super) static SINCE_3_13: Opcodes = Opcodes {
    load_const: 83,
    loads: &[83, 84, 85, 87, 91, 92],
    load_attr: 82,
    store_names: [113, 114],
    store_fast: 110,
    store_fast_load_fast: Some(111),
    store_attr: 108,
    store_subscr: 39,
    const_key_map: Some(46),
    build_map: 48,
    map_add: 95,
    keywords: Keywords::OnStack(57),
    extended_arg: 71,
    has_cache: true,
};

/// Python 3.14, as it was released.
pub(super) static SINCE_3_14: Opcodes = Opcodes {
    load_const: 82,
    loads: &[82, 83, 84, 86, 88, 92, 93, 94],
    load_attr: 80,
    store_names: [115, 116],
    store_fast: 112,
    store_fast_load_fast: Some(113),
    store_attr: 110,
    store_subscr: 38,
    const_key_map: None,
    build_map: 47,
    map_add: 98,
    keywords: Keywords::OnStack(55),
    extended_arg: 69,
    has_cache: true,
};

/// What a constant is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The name with this number.
    Name(usize),
    /// The local variable with this number.
    Local(usize),
    /// The key that is the constant with this number.
    Key(usize),
    /// An item of the tuple that is the constant with the first number.
    Item(usize, usize),
}

/// Tells `sink` for each constant, by its number, what it is given to. `length_of` is the length of the tuple that is the
/// constant with a number.
pub(super) fn owners(
    opcodes: &Opcodes,
    code: &[u8],
    length_of: &dyn Fn(usize) -> Option<usize>,
    sink: &mut dyn FnMut(Owner, usize),
) {
    let mut memory = Memory { opcodes, last: VecDeque::with_capacity(MEMORY) };
    let mut extended = 0_usize;
    for pair in code.chunks_exact(2) {
        let (opcode, low) = (pair[0], usize::from(pair[1]));
        if opcodes.has_cache && opcode == 0 {
            continue;
        }
        let argument = (extended << 8 | low) & 0xffff_ffff;
        if opcode == opcodes.extended_arg {
            extended = argument;
            continue;
        }
        extended = 0;
        memory.tell(opcode, argument, length_of, sink);
        if memory.last.len() == MEMORY {
            memory.last.pop_front();
        }
        memory.last.push_back((opcode, argument));
    }
}

struct Memory<'o> {
    opcodes: &'o Opcodes,
    last: VecDeque<(u8, usize)>,
}

impl Memory<'_> {
    /// What the instruction gives to what.
    fn tell(
        &self,
        opcode: u8,
        argument: usize,
        length_of: &dyn Fn(usize) -> Option<usize>,
        sink: &mut dyn FnMut(Owner, usize),
    ) {
        let own = self.opcodes;
        let top = || self.operands(0).next().flatten();
        if own.store_names.contains(&opcode) {
            top().into_iter().for_each(|value| sink(Owner::Name(argument), value));
        } else if opcode == own.store_fast {
            top().into_iter().for_each(|value| sink(Owner::Local(argument), value));
        } else if Some(opcode) == own.store_fast_load_fast {
            top().into_iter().for_each(|value| sink(Owner::Local(argument >> 4), value));
        } else if opcode == own.store_attr {
            self.operands(0).nth(1).flatten().into_iter().for_each(|v| sink(Owner::Name(argument), v));
        } else if opcode == own.store_subscr {
            let mut operands = self.operands(0);
            let key = operands.next().flatten();
            if let (Some(key), Some(Some(value))) = (key, operands.nth(1)) {
                sink(Owner::Key(key), value);
            }
        } else if opcode == own.build_map {
            self.pairs(argument, sink);
        } else if opcode == own.map_add {
            self.pairs(1, sink);
        } else if own.const_key_map == Some(opcode) {
            top().into_iter().for_each(|keys| self.items(1, keys, argument, sink));
        } else {
            let (names, skipped) = match own.keywords {
                Keywords::OnStack(call) if call == opcode => (top(), 1),
                Keywords::Numbered(names) if names == opcode => (Some(argument), 0),
                _ => return,
            };
            if let Some((names, count)) = names.and_then(|names| Some((names, length_of(names)?))) {
                self.items(skipped, names, count, sink);
            }
        }
    }

    /// The values below the `skipped` ones on top, one for each of the `count` items of a tuple.
    fn items(&self, skipped: usize, tuple: usize, count: usize, sink: &mut dyn FnMut(Owner, usize)) {
        for (item, value) in (0..count).rev().zip(self.operands(skipped)) {
            value.into_iter().for_each(|value| sink(Owner::Item(tuple, item), value));
        }
    }

    /// As many keys with their values as there are on top.
    fn pairs(&self, count: usize, sink: &mut dyn FnMut(Owner, usize)) {
        let mut operands = self.operands(0);
        for _ in 0..count {
            let (Some(value), Some(key)) = (operands.next(), operands.next()) else { return };
            if let (Some(key), Some(value)) = (key, value) {
                sink(Owner::Key(key), value);
            }
        }
    }

    /// The values on the stack, the topmost first: the number of a constant, or nothing for another value.
    fn operands(&self, skipped: usize) -> impl Iterator<Item = Option<usize>> + '_ {
        let own = self.opcodes;
        let mut last = self.last.iter().rev();
        let operands = std::iter::from_fn(move || {
            let mut is_attribute = false;
            loop {
                let (opcode, argument) = *last.next()?;
                if opcode == own.load_attr {
                    is_attribute = true;
                } else if opcode == own.load_const {
                    return Some((!is_attribute).then_some(argument));
                } else {
                    return own.loads.contains(&opcode).then_some(None);
                }
            }
        });
        operands.fuse().skip(skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(opcodes: &Opcodes, code: &[[u8; 2]]) -> Vec<(Owner, usize)> {
        let mut found = Vec::new();
        let length_of = |tuple: usize| (tuple == 9).then_some(2);
        owners(opcodes, &code.concat(), &length_of, &mut |owner, value| found.push((owner, value)));
        found
    }

    /// `connect(host, password="…")`, `{"user": …, "password": …}` and their like, as each version compiles them: the
    /// constant 9 is a tuple of two texts.
    #[test]
    fn arguments_and_keys() {
        // `f(a="…", b=name)`, `{"x": "…", "y": "…"}`, `d["k"] = "…"`, `self.name = "…"`, `{"k": "…"}`.
        let items = vec![(Owner::Item(9, 1), 2), (Owner::Item(9, 0), 1)];
        for (version, load, name, call) in [
            (&SINCE_3_6, 100, 101, vec![[100, 9], [141, 2]]),
            (&SINCE_3_11, 100, 101, vec![[172, 9], [166, 2], [171, 2]]),
            (&SINCE_3_13, 83, 92, vec![[83, 9], [57, 2]]),
            (&SINCE_3_14, 82, 93, vec![[82, 9], [55, 2]]),
        ] {
            let call = [vec![[name, 0], [load, 1], [load, 2]], call].concat();
            assert_eq!(told(version, &call), items);
            // A name among the arguments has no constant, and a call hides what stands before it.
            let mixed = [vec![[load, 1], [name, 3]], call[3..].to_vec()].concat();
            assert_eq!(told(version, &mixed), [(Owner::Item(9, 0), 1)]);
            let hidden = [vec![[load, 1], [250, 0], [load, 2]], call[3..].to_vec()].concat();
            assert_eq!(told(version, &hidden), [(Owner::Item(9, 1), 2)]);
            let member = told(version, &[[load, 1], [name, 0], [load, 2], [version.store_subscr, 0]]);
            assert_eq!(member, [(Owner::Key(2), 1)]);
            let member = told(version, &[[load, 1], [name, 0], [version.store_attr, 5]]);
            assert_eq!(member, [(Owner::Name(5), 1)]);
            let map = [[load, 1], [load, 2], [load, 3], [load, 4], [version.build_map, 2]];
            assert_eq!(told(version, &map), [(Owner::Key(3), 4), (Owner::Key(1), 2)]);
            assert_eq!(told(version, &[[load, 1], [load, 2], [version.map_add, 1]]), [(Owner::Key(1), 2)]);
            let [global, module] = version.store_names;
            let names = told(version, &[[load, 1], [module, 4], [load, 2], [global, 5]]);
            assert_eq!(names, [(Owner::Name(4), 1), (Owner::Name(5), 2)]);
            assert_eq!(told(version, &[[load, 1], [version.store_fast, 3]]), [(Owner::Local(3), 1)]);
            // An attribute of a constant is not the constant.
            assert_eq!(told(version, &[[load, 1], [version.load_attr, 0], [module, 4]]), []);
            let far = told(version, &[[version.extended_arg, 1], [load, 1], [module, 4]]);
            assert_eq!(far, [(Owner::Name(4), 257)]);
            if let Some(keys) = version.const_key_map {
                assert_eq!(told(version, &[[load, 1], [load, 2], [load, 9], [keys, 2]]), items);
            }
        }
        assert_eq!(told(&SINCE_3_13, &[[83, 1], [111, 0x52]]), [(Owner::Local(5), 1)]);
        assert_eq!(told(&SINCE_3_11, &[[100, 1], [0, 0], [90, 4]]), [(Owner::Name(4), 1)]);
    }

    #[test]
    fn hostile_code() {
        for version in [&SINCE_3_6, &SINCE_3_11, &SINCE_3_13, &SINCE_3_14] {
            let maps = vec![[version.build_map, 255]; 1000];
            assert_eq!(told(version, &maps), []);
            let extended = vec![[version.extended_arg, 255]; 1000];
            assert_eq!(told(version, &extended), []);
            let all: Vec<_> = (0..=255).map(|opcode| [opcode, 255]).collect();
            told(version, &all);
            told(version, &[[version.load_const, 9], [version.map_add, 1]]);
        }
    }
}
