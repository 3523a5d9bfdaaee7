use super::*;
use crate::bench::arena::{Programs, Size};

#[test]
fn what_another_run_has_left_is_not_taken_for_what_this_one_has_seen() {
    let folder = std::env::temp_dir().join(format!("ottla-profile-{}", std::process::id()));
    let programs = Programs { ottla: PathBuf::new(), bench: PathBuf::new() };
    let arena = Arena::new(programs, Size::Quick, folder.clone()).unwrap();
    let data = arena.log("perf");
    std::fs::write(&data, "left behind").unwrap();
    // No process has this number.
    let profiler = Profiler::start(&arena, &[u32::MAX]);
    assert_eq!(profiler.map_or(Ok(None), Profiler::stop), Ok(None));
    assert_ne!(std::fs::read(&data).unwrap_or_default(), b"left behind");
    drop(arena);
    std::fs::remove_dir_all(folder.with_extension("logs")).unwrap();
}

const SCRIPT: &str = "\
worker
\tffffffff81f2 tcp_sendmsg_locked ([kernel.kallsyms])
\tffffffff81f1 __x64_sys_sendto ([kernel.kallsyms])
\t    7f2ec7d6 __libc_send (/usr/lib/x86_64-linux-gnu/libc.so.6)

worker
\t    55d0c1a2 <ottla_broker::api::produce::Produce as core::fmt::Debug>::fmt (/opt/ottla)

worker
\t    55d0c1a3 ottla_wire::record::usual::look (/opt/ottla)
\t    55d0c1a4 ottla_broker::validation::check_records (/opt/ottla)

journal
\t    7f2ec7d9 __memmove_avx_unaligned_erms (/usr/lib/x86_64-linux-gnu/libc.so.6)

worker
\tffffffff81f2 ext4_buffered_write_iter ([kernel.kallsyms])
\tffffffff81f1 do_pwritev ([kernel.kallsyms])
\tffffffff81f1 x64_sys_call ([kernel.kallsyms])
\tffffffff81f0 do_syscall_64 ([kernel.kallsyms])
\tffffffff81ef entry_SYSCALL_64_after_hwframe ([kernel.kallsyms])
\t    7f2ec7d6 __libc_pwritev64 (/usr/lib/x86_64-linux-gnu/libc.so.6)

worker
\tffffffff8101 asm_sysvec_apic_timer_interrupt ([kernel.kallsyms])
\t    55d0c1a2 ottla_broker::api::produce (/opt/ottla)
";

#[test]
fn each_sample_counts_once_for_what_the_processor_was_at() {
    let profile = Profile::parse(SCRIPT);
    let names: Vec<&str> = profile.names().collect();
    let owners = ["`libc`", "`ottla_broker`", "`ottla_wire`"];
    let kernel = ["kernel, in no system call", "system call pwritev", "system call sendto"];
    assert_eq!(names, [owners, kernel].concat());
    assert_eq!(profile.total(), 6);
    assert!((profile.percent("`libc`") - 100.0 / 6.0).abs() < 1e-9);
    assert_eq!(profile.percent("something else").to_bits(), 0.0_f64.to_bits());
}
