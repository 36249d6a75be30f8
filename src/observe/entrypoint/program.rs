//! What a program of Linux needs to start: its loader and its shared libraries, as its ELF headers have them.
//! <https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html>

use object::Endianness;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

/// Most shared libraries of one program.
const MAX_LIBRARIES: usize = 1_000;

/// What a program needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Needs {
    /// The processor that it is for.
    pub(super) machine: elf::Machine,
    /// The path of its loader (`PT_INTERP`); a static program has none.
    pub(super) loader: Option<Vec<u8>>,
    /// The names of its shared libraries (`DT_NEEDED`); none if they are not in the part that is at hand.
    pub(super) libraries: Vec<Vec<u8>>,
}

/// What the ELF file that begins with `data` needs; nothing if its headers cannot be read.
pub(super) fn needs(data: &[u8], is_whole: bool) -> Option<Needs> {
    match data.get(4) {
        Some(1) => read_needs::<FileHeader32<Endianness>>(data, is_whole),
        Some(2) => read_needs::<FileHeader64<Endianness>>(data, is_whole),
        _ => None,
    }
}

fn read_needs<H: FileHeader<Endian = Endianness>>(data: &[u8], is_whole: bool) -> Option<Needs> {
    let header = H::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, data).ok()?;
    let loader = segments.iter().find_map(|s| s.interpreter(endian, data).ok().flatten());
    let libraries = if is_whole { libraries::<H>(endian, data, segments) } else { None };
    Some(Needs {
        machine: header.e_machine(endian),
        loader: loader.map(<[u8]>::to_vec),
        libraries: libraries.unwrap_or_default(),
    })
}

/// The names in the dynamic section: each is an offset in the table of strings, whose address a loaded segment has.
fn libraries<H: FileHeader<Endian = Endianness>>(
    endian: Endianness,
    data: &[u8],
    segments: &[H::ProgramHeader],
) -> Option<Vec<Vec<u8>>> {
    let entries = segments.iter().find_map(|s| s.dynamic(endian, data).ok().flatten())?;
    let table = entries.iter().find(|e| e.tag(endian) == elf::DT_STRTAB)?.val(endian);
    let strings = segments.iter().find_map(|s| {
        let loaded = s.p_type(endian) == elf::PT_LOAD;
        let inside = table.checked_sub(s.p_vaddr(endian).into())?;
        let size: u64 = s.p_filesz(endian).into();
        let start: u64 = s.p_offset(endian).into();
        (loaded && inside < size).then(|| start.checked_add(inside)).flatten()
    })?;
    let name = |offset: u64| {
        let start = usize::try_from(strings.checked_add(offset)?).ok()?;
        let rest = data.get(start..)?;
        let end = rest.iter().position(|b| *b == 0)?;
        rest.get(..end).filter(|name| !name.is_empty()).map(<[u8]>::to_vec)
    };
    let entries = entries.iter().take_while(|e| e.tag(endian) != elf::DT_NULL);
    let needed = entries.filter(|e| e.tag(endian) == elf::DT_NEEDED);
    needed.take(MAX_LIBRARIES).map(|e| name(e.val(endian))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A program of 64 bits with a dynamic section at 0x100 and strings at 0x200.
    fn program(entries: &[(u64, u64)], strings: &[u8]) -> Vec<u8> {
        let mut data = vec![0; 0x300];
        data[..16].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
        data[16..20].copy_from_slice(&[3, 0, 62, 0]);
        let mut put = |at: usize, value: u64, size: usize| {
            data[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
        };
        // e_phoff, e_ehsize, e_phentsize, e_phnum
        for (at, value, size) in [(20, 1, 4), (32, 64, 8), (52, 64, 2), (54, 56, 2), (56, 2, 2)] {
            put(at, value, size);
        }
        // p_type, p_offset, p_vaddr, p_filesz
        for (n, (kind, start, address, size)) in
            [(1, 0, 0x40_0000, 0x300), (2, 0x100, 0x40_0100, 16 * entries.len() as u64)]
                .into_iter()
                .enumerate()
        {
            let at = 64 + 56 * n;
            put(at, kind, 4);
            put(at + 8, start, 8);
            put(at + 16, address, 8);
            put(at + 32, size, 8);
        }
        for (n, (tag, value)) in entries.iter().enumerate() {
            put(0x100 + 16 * n, *tag, 8);
            put(0x108 + 16 * n, *value, 8);
        }
        data[0x200..0x200 + strings.len()].copy_from_slice(strings);
        data
    }

    #[test]
    fn libraries_are_read_from_the_dynamic_section() {
        let strings = b"\0libpython3.11.so.1.0\0libc.so.6\0";
        let data = program(&[(1, 1), (1, 22), (5, 0x40_0200), (0, 0), (1, 1)], strings);
        let needs = needs(&data, true).unwrap();
        let names: Vec<_> = needs.libraries.iter().map(|l| String::from_utf8_lossy(l)).collect();
        assert_eq!(names, ["libpython3.11.so.1.0", "libc.so.6"]);
        assert_eq!((needs.machine, needs.loader), (elf::EM_X86_64, None));
    }

    #[test]
    fn what_cannot_be_read_has_none() {
        let data = program(&[(1, 1), (5, 0x90_0200), (0, 0)], b"\0libc.so.6\0");
        assert_eq!(needs(&data, true).unwrap().libraries, Vec::<Vec<u8>>::new());
        let data = program(&[(1, 0xffff_ffff_ffff_ffff), (5, 0x40_0200), (0, 0)], b"\0");
        assert_eq!(needs(&data, true).unwrap().libraries, Vec::<Vec<u8>>::new());
        assert_eq!(needs(b"\x7fELF\x02\x01", true), None);
    }
}
