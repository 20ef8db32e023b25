using System.Buffers.Binary;
using System.Text;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Input;

/// <summary>
/// The device configuration of an input device: the driver writes what it wants to know, and reads the answer behind it (virtio 1.2,
/// section 5.8.4). An answer of length zero says that there is nothing.
/// </summary>
internal static class InputConfiguration
{
    public const int Select = 0;
    public const int Subselect = 1;
    public const int Size = 2;
    public const int Answer = 8;

    /// <summary>Bytes of the structure.</summary>
    public const int Length = Answer + AnswerLength;

    private const int AnswerLength = 128;

    private const byte IdName = 0x01;
    private const byte IdSerial = 0x02;
    private const byte IdDevices = 0x03;
    private const byte PropertyBits = 0x10;
    private const byte EventBits = 0x11;
    private const byte AbsoluteInformation = 0x12;

    private const ushort BusVirtual = 0x06;
    private const ushort Vendor = 0x4852; // "HR"
    private const ushort Version = 1;
    private const ushort RepeatCount = 2;

    /// <summary>Writes the answer to what is selected.</summary>
    /// <param name="structure">All of it; selector and subselector are in place.</param>
    public static void Fill(Span<byte> structure, InputProfile profile, string serial)
    {
        structure[Size..].Clear();
        Span<byte> answer = structure[Answer..];
        byte subselect = structure[Subselect];
        structure[Size] = (byte)(structure[Select] switch
        {
            IdName when subselect == 0 => Encoding.UTF8.GetBytes(profile.Name, answer),
            IdSerial when subselect == 0 => Encoding.UTF8.GetBytes(serial, answer),
            IdDevices when subselect == 0 => WriteIdentity(answer, profile),
            PropertyBits when subselect == 0 && profile.Properties != 0 => Write(answer, profile.Properties),
            EventBits => WriteEvents(answer, profile, subselect),
            AbsoluteInformation => WriteAxis(answer, profile, subselect),
            _ => 0,
        });
    }

    private static int Write(Span<byte> answer, byte value)
    {
        answer[0] = value;
        return 1;
    }

    private static int WriteIdentity(Span<byte> answer, InputProfile profile)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(answer, BusVirtual);
        BinaryPrimitives.WriteUInt16LittleEndian(answer[2..], Vendor);
        BinaryPrimitives.WriteUInt16LittleEndian(answer[4..], profile.Product);
        BinaryPrimitives.WriteUInt16LittleEndian(answer[6..], Version);
        return 8;
    }

    /// <summary>The codes of one type, a bit for each.</summary>
    private static int WriteEvents(Span<byte> answer, InputProfile profile, byte type)
    {
        int length = 0;
        switch (type)
        {
            case (byte)InputEventType.Key:
                for (int i = 0; i < profile.Keys.Count; i++)
                    SetBit(answer, profile.Keys[i], ref length);
                break;
            case (byte)InputEventType.Relative:
                for (int i = 0; i < profile.Relative.Count; i++)
                    SetBit(answer, profile.Relative[i], ref length);
                break;
            case (byte)InputEventType.Absolute:
                for (int i = 0; i < profile.Axes.Count; i++)
                    SetBit(answer, profile.Axes[i].Code, ref length);
                break;
            case (byte)InputEventType.Light when profile.IsKeyboard:
                for (ushort light = 0; 1 << light <= (int)InputLights.Kana; light++)
                    SetBit(answer, light, ref length);
                break;
            case (byte)InputEventType.Repeat when profile.IsKeyboard:
                for (ushort code = 0; code < RepeatCount; code++)
                    SetBit(answer, code, ref length);
                break;
        }

        return length;
    }

    private static void SetBit(Span<byte> bits, ushort bit, ref int length)
    {
        bits[bit / 8] |= (byte)(1 << (bit % 8));
        length = Math.Max(length, (bit / 8) + 1);
    }

    private static int WriteAxis(Span<byte> answer, InputProfile profile, byte code)
    {
        for (int i = 0; i < profile.Axes.Count; i++)
        {
            AbsoluteAxis axis = profile.Axes[i];
            if (axis.Code != code)
                continue;
            BinaryPrimitives.WriteInt32LittleEndian(answer, axis.Minimum);
            BinaryPrimitives.WriteInt32LittleEndian(answer[4..], axis.Maximum);
            BinaryPrimitives.WriteInt32LittleEndian(answer[8..], axis.Fuzz);
            BinaryPrimitives.WriteInt32LittleEndian(answer[12..], axis.Flat);
            return 20;
        }

        return 0;
    }
}
