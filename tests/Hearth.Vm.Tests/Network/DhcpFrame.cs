using System.Buffers.Binary;

namespace Hearth.Vm.Tests.Network;

/// <summary>A DHCP discover as one Ethernet frame, and what to look for in the answer (RFC 2131).</summary>
internal static class DhcpFrame
{
    private const int Ethernet = 14;
    private const int Ip = 20;
    private const int Udp = 8;
    private const int Bootp = 240;
    private const int Payload = Ethernet + Ip + Udp;
    private const ushort ServerPort = 67;
    private const ushort ClientPort = 68;
    private const uint MagicCookie = 0x6382_5363;

    public static byte[] Discover(ReadOnlySpan<byte> mac, uint transaction)
    {
        byte[] frame = new byte[Payload + Bootp + 4];
        frame.AsSpan(0, 6).Fill(0xFF);
        mac.CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x0800);
        WriteIp(frame.AsSpan(Ethernet));
        Span<byte> udp = frame.AsSpan(Ethernet + Ip);
        BinaryPrimitives.WriteUInt16BigEndian(udp, ClientPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], ServerPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        Span<byte> bootp = frame.AsSpan(Payload);
        bootp[0] = 1;
        bootp[1] = 1;
        bootp[2] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(bootp[4..], transaction);
        mac.CopyTo(bootp[28..]);
        BinaryPrimitives.WriteUInt32BigEndian(bootp[236..], MagicCookie);
        ReadOnlySpan<byte> options = [53, 1, 1, 255];
        options.CopyTo(bootp[Bootp..]);
        return frame;
    }

    /// <summary>True for a BOOTP reply to that transaction.</summary>
    public static bool IsReply(byte[] frame, uint transaction) =>
        frame.Length >= Payload + Bootp
        && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(12)) == 0x0800
        && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(Ethernet + Ip + 2)) == ClientPort
        && frame[Payload] == 2
        && BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(Payload + 4)) == transaction;

    /// <summary>The address the server offers.</summary>
    public static byte[] OfferedAddress(byte[] frame) => frame[(Payload + 16)..(Payload + 20)];

    private static void WriteIp(Span<byte> ip)
    {
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        ip[8] = 64;
        ip[9] = 17;
        ip.Slice(16, 4).Fill(0xFF);
        uint sum = 0;
        for (int i = 0; i < Ip; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(ip[i..]);
        sum = (sum & 0xFFFF) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~((sum & 0xFFFF) + (sum >> 16)));
    }
}
