using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>One encoding of one instruction in one mode: the unit in which coverage is counted.</summary>
internal sealed record Form(Code Code, CodeMode Mode)
{
    public OpCodeInfo Encoding => Code.ToOpCode();

    public int Bitness => Mode switch { CodeMode.Long => 64, CodeMode.Protected32 => 32, _ => 16 };

    public override string ToString() => $"{Mode}/{Code}";
}
