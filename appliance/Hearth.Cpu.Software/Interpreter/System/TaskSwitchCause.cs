namespace Hearth.Cpu.Software;

/// <summary>What starts a task switch; decides about busy bits, the link and NT (Intel SDM Vol. 3, table 7-2).</summary>
internal enum TaskSwitchCause
{
    Jump,

    /// <summary>CALL, or an event through a task gate: the new task links back to the old one.</summary>
    Call,

    /// <summary>IRET with NT set.</summary>
    Return,
}
