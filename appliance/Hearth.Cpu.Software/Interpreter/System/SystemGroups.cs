using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Which instructions belong to the system side, as a table over <see cref="Code"/>.</summary>
internal static class SystemGroups
{
    // As DataGroups has them.
    private static readonly byte[] s_found = new byte[DecoderSets.CodeCapacity];

    public static SystemGroup Of(Code code)
    {
        ref byte found = ref s_found[(int)code];
        if (found == 0)
            found = (byte)(Classify(code) + 1);
        return (SystemGroup)(found - 1);
    }

    private static SystemGroup Classify(Code code) => code.Mnemonic() switch
    {
        Mnemonic.Mov => ClassifyMove(code),
        Mnemonic.Push or Mnemonic.Pop => ClassifyStack(code),
        Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs or Mnemonic.Lss => SystemGroup.Segment,
        Mnemonic.Call or Mnemonic.Jmp => ClassifyJump(code),
        Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq or
        Mnemonic.Int or Mnemonic.Int1 or Mnemonic.Int3 or Mnemonic.Into or
        Mnemonic.Sysenter or Mnemonic.Sysexit or Mnemonic.Sysexitq => SystemGroup.Transfer,
        Mnemonic.Syscall or Mnemonic.Sysret or Mnemonic.Sysretq => SystemGroup.Transfer,
        Mnemonic.Cli or Mnemonic.Sti or Mnemonic.Clac or Mnemonic.Stac or
        Mnemonic.Pushf or Mnemonic.Pushfd or Mnemonic.Pushfq or
        Mnemonic.Popf or Mnemonic.Popfd or Mnemonic.Popfq => SystemGroup.Flags,
        Mnemonic.Clts or Mnemonic.Lmsw or Mnemonic.Smsw or Mnemonic.Xsetbv or Mnemonic.Xgetbv or
        Mnemonic.Rdmsr or Mnemonic.Wrmsr or Mnemonic.Swapgs or
        Mnemonic.Rdfsbase or Mnemonic.Rdgsbase or Mnemonic.Wrfsbase or Mnemonic.Wrgsbase => SystemGroup.Registers,
        Mnemonic.Invlpg or Mnemonic.Invpcid or Mnemonic.Hlt or Mnemonic.Invd or Mnemonic.Wbinvd or Mnemonic.Wbnoinvd or
        Mnemonic.Cpuid or Mnemonic.Rdtsc or Mnemonic.Rdtscp or Mnemonic.Rdpid or Mnemonic.Rdpmc or
        Mnemonic.Vmcall or Mnemonic.Vmmcall => SystemGroup.Machine,
        Mnemonic.Lgdt or Mnemonic.Lidt or Mnemonic.Sgdt or Mnemonic.Sidt or Mnemonic.Sldt or Mnemonic.Str or
        Mnemonic.Lldt or Mnemonic.Ltr or Mnemonic.Arpl or Mnemonic.Verr or Mnemonic.Verw or
        Mnemonic.Lar or Mnemonic.Lsl => SystemGroup.Selectors,
        _ => ClassifyRest(code.Mnemonic()),
    };

    private static SystemGroup ClassifyMove(Code code) => code switch
    {
        Code.Mov_rm16_Sreg or Code.Mov_r32m16_Sreg or Code.Mov_r64m16_Sreg or
        Code.Mov_Sreg_rm16 or Code.Mov_Sreg_r32m16 or Code.Mov_Sreg_r64m16 => SystemGroup.Segment,
        Code.Mov_r32_cr or Code.Mov_r64_cr or Code.Mov_cr_r32 or Code.Mov_cr_r64 or
        Code.Mov_r32_dr or Code.Mov_r64_dr or Code.Mov_dr_r32 or Code.Mov_dr_r64 => SystemGroup.Registers,
        _ => SystemGroup.None,
    };

    private static SystemGroup ClassifyStack(Code code) => code switch
    {
        Code.Pushw_ES or Code.Pushd_ES or Code.Popw_ES or Code.Popd_ES or
        Code.Pushw_CS or Code.Pushd_CS or Code.Popw_CS or
        Code.Pushw_SS or Code.Pushd_SS or Code.Popw_SS or Code.Popd_SS or
        Code.Pushw_DS or Code.Pushd_DS or Code.Popw_DS or Code.Popd_DS or
        Code.Pushw_FS or Code.Pushd_FS or Code.Pushq_FS or Code.Popw_FS or Code.Popd_FS or Code.Popq_FS or
        Code.Pushw_GS or Code.Pushd_GS or Code.Pushq_GS or Code.Popw_GS or Code.Popd_GS or Code.Popq_GS => SystemGroup.Segment,
        _ => SystemGroup.None,
    };

    private static SystemGroup ClassifyJump(Code code) => code switch
    {
        Code.Call_ptr1616 or Code.Call_ptr1632 or Code.Call_m1616 or Code.Call_m1632 or Code.Call_m1664 or
        Code.Jmp_ptr1616 or Code.Jmp_ptr1632 or Code.Jmp_m1616 or Code.Jmp_m1632 or Code.Jmp_m1664 => SystemGroup.Transfer,
        _ => SystemGroup.None,
    };

    private static SystemGroup ClassifyRest(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Ud0 or Mnemonic.Ud1 or Mnemonic.Ud2 or Mnemonic.Rsm or Mnemonic.Getsec or Mnemonic.Getsecq or
        Mnemonic.Monitor or Mnemonic.Mwait or Mnemonic.Monitorx or Mnemonic.Mwaitx or
        Mnemonic.Vmlaunch or Mnemonic.Vmresume or Mnemonic.Vmxoff or Mnemonic.Vmxon or Mnemonic.Vmfunc or
        Mnemonic.Vmread or Mnemonic.Vmwrite or Mnemonic.Vmptrld or Mnemonic.Vmptrst or Mnemonic.Vmclear or
        Mnemonic.Vmrun or Mnemonic.Vmload or Mnemonic.Vmsave or Mnemonic.Stgi or Mnemonic.Clgi or
        Mnemonic.Invept or Mnemonic.Invvpid or Mnemonic.Invlpga or Mnemonic.Skinit or
        Mnemonic.Encls or Mnemonic.Enclu or Mnemonic.Enclv or Mnemonic.Pconfig or
        Mnemonic.Rdpkru or Mnemonic.Wrpkru => SystemGroup.NotPromised,
        _ => SystemGroup.None,
    };
}
