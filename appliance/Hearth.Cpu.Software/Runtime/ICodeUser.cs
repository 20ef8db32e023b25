namespace Hearth.Cpu.Software;

/// <summary>A vCPU as the translation store sees it: the keeper of a jump cache and a soft TLB. Called from any thread under the store's lock.</summary>
internal interface ICodeUser
{
    /// <summary>Drops all remembered blocks and the numbers of modes.</summary>
    void ForgetAll();

    /// <summary>Makes the next write to a physical page go through the slow path.</summary>
    void DropWriteTags(ulong page);

    /// <summary>Some page must not be written, or not be executed, in the processes of the direct tier any more.</summary>
    void PageChanged();
}
